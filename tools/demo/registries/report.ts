/** What the demo of the registries found out, for `--json`. Members are there once their chapter has been told. */
export interface RegistriesReport {
  ok: boolean;
  registries: RegistryReport[];
  /** The one that was ended, and how. */
  killed?: { registry: string; kind: string; pid: number; signal: string };
  /** One search over all of them while that one is dead. */
  search?: SearchReport;
  /** The same with a word mistyped. */
  typo?: SearchReport;
  shown?: { ref: string; parametersFrom: string; parameters: string[] };
  installs: InstallReport[];
  /** After it was started again. */
  back?: { pid: number; status: string; ageSeconds: number; search: SearchReport };
  problems: string[];
  seconds: number;
}

export interface RegistryReport {
  name: string;
  kind: string;
  url: string;
  credential: string;
  status: string;
  templates: number;
  /** What stands behind it. */
  part: string;
}

export interface SearchReport {
  q: string;
  status: number;
  partial: boolean;
  hits: Array<{ kind: string; registry: string; name: string; version: string }>;
  errors: Array<{ registry: string; code: string; message: string }>;
  stale: Array<{ registry: string; ageSeconds: number }>;
}

export interface InstallReport {
  kind: string;
  ref: string;
  version: string;
  digest: string;
  operation: string;
  state: string;
}
