// A validator of one's own, of both kinds: SecurityPlugin (scanTemplate, validatePolicy) and QualityPlugin (analyzeQuality, generateRecommendations).
// A module of one kind leaves the other two functions out. It runs in a process of its own, and looks at one archive at a time.

/** The version of the interface this module is written for. */
export const apiVersion = 1;
/** Raised with every change of what it finds: verdicts of other versions are not used any more. */
export const version = '1.0.0';

/** What it finds in the files. `template`: name, version, manifest, manifestText, manifestFile, files, readme, contentHash, archive, trust. */
export async function scanTemplate(template) {
  const findings = [];
  for (const { path, text = '' } of template.files) {
    for (const [at, line] of text.split('\n').entries()) {
      if (!/\b(curl|wget)\b[^|]*\|\s*(ba)?sh\b/.test(line)) continue;
      findings.push({
        id: 'piped-to-a-shell',
        severity: 'high',
        file: path,
        line: at + 1,
        explanation: 'runs whatever an address answers today',
        recommendation: 'Put the script into the template, where its hash covers it.',
      });
    }
  }
  return { findings };
}

/** Answers nothing where the template meets the policy of validators.yaml, and throws `policy_denied` where it does not. */
export async function validatePolicy(template, { maintainers = [] }) {
  const named = (template.manifest.metadata.maintainers ?? []).map(({ email = '' }) => email);
  if (maintainers.length === 0 || named.some((email) => maintainers.some((domain) => email.endsWith(`@${domain}`)))) return;
  throw Object.assign(new Error(`none of its maintainers is of ${maintainers.join(' or ')}`), {
    code: 'policy_denied',
    severity: 'high',
    recommendation: 'Name somebody who answers for it in metadata.maintainers.',
  });
}

/** What could be better. What it answers is handed to generateRecommendations as it is, and may hold more than findings. */
export async function analyzeQuality(template) {
  const sections = [...(template.readme?.text ?? '').matchAll(/^#+\s+(.+)$/gm)].map(([, title]) => title.trim().toLowerCase());
  const findings = ['support', 'backup']
    .filter((section) => !sections.some((title) => title.includes(section)))
    .map((section) => ({ id: `no-${section}`, severity: 'info', explanation: `the readme has no section on ${section}` }));
  return { findings, sections };
}

/** What to do about each finding, by its id. */
export async function generateRecommendations({ findings, sections }) {
  return findings.map(({ id }) => ({
    id,
    recommendation: `Add a section "${id.replace('no-', '')}" to the readme${sections.length > 0 ? ', after those it has' : ''}.`,
  }));
}
