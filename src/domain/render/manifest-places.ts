/** Places of Kubernetes objects that must be known when a parameter is put into them. */

const CONTAINER = '/(containers|initContainers|ephemeralContainers)/\\d+';

/** Text to Kubernetes, whatever type the parameter has. */
const TEXT = new RegExp(
  ['/(labels|annotations|matchLabels|nodeSelector)/[^/]+', `${CONTAINER}/(command|args)/\\d+`, `${CONTAINER}/env/\\d+/value`]
    .map((place) => `${place}$`)
    .join('|'),
);

/** Members of a ConfigMap or a Secret that hold text, from the object's own root. */
const DATA = /^\/(data|stringData)\/[^/]+$/;

/** Where Kubernetes expands `$(NAME)` itself. */
const EXPANDED = new RegExp(
  [`${CONTAINER}/(command|args)/\\d+`, `${CONTAINER}/env/\\d+/value`, `${CONTAINER}/[a-z]+Probe/exec/command/\\d+`]
    .map((place) => `${place}$`)
    .join('|'),
);

/** Whether a place of an object of this kind holds text. `place` starts at the object. */
export function isTextPlace(kind: string, place: string): boolean {
  return TEXT.test(place) || ((kind === 'ConfigMap' || kind === 'Secret') && DATA.test(place));
}

/** Whether Kubernetes expands `$(NAME)` in a place. */
export function isExpandedPlace(place: string): boolean {
  return EXPANDED.test(place);
}
