/** Reference 2's two error families, kept on the wire so that its clients can read ours. */
export type RegistryErrorType = 'connection' | 'authentication' | 'authorization' | 'rate_limit';
export type TemplateErrorType = 'validation' | 'dependency' | 'installation' | 'version';

export interface CatalogueEntry {
  /** HTTP status when the error answers a request. */
  status: number;
  title: string;
  /** What to do; a sentence a person can act on. */
  guidance: string;
  /** True when trying again, unchanged, may succeed. The one place that decides retry. */
  retryable?: boolean;
  registry?: RegistryErrorType;
  template?: TemplateErrorType;
}
