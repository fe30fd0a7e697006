/** What a rendered template may be. */
export const RENDER_LIMITS = Object.freeze({
  /** objects; a deployment of more is a platform, to be made of several */
  maxObjects: 500,
  /** bytes of all content files that are read: twice what they may become, for comments */
  maxSourceBytes: 2 * 1024 * 1024,
  /** bytes of all objects as JSON: they are one document of the store, and the plan holds their differences */
  maxBytes: 1024 * 1024,
});
