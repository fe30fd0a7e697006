// Completes package-lock.json after `npm install`: a registry that lacks the binaries of another platform makes npm leave them out of the
// lock file, and `npm ci` then refuses it as out of sync. Each missing one gets an entry with its platform, so that it is skipped here
// and still found where it fits. Run it after every change of dependencies: node tools/complete-lock.mjs
import { readFileSync, writeFileSync } from 'node:fs';

const FILE = new URL('../package-lock.json', import.meta.url);
const SYSTEMS = ['android', 'darwin', 'freebsd', 'linux', 'netbsd', 'openbsd', 'openharmony', 'sunos', 'win32'];
const PROCESSORS = ['arm64', 'x64', 'ia32', 'arm', 'ppc64', 's390x', 'riscv64', 'loong64', 'wasm32'];

const lock = JSON.parse(readFileSync(FILE, 'utf8'));
const words = (name) => name.split(/[-/]/);
const found = (name, known) =>
  known.filter((word) => words(name).some((part) => part === word || (word === 'ppc64' && part.startsWith('ppc64'))));

let added = 0;
for (const parent of Object.values(lock.packages)) {
  for (const [name, version] of Object.entries(parent.optionalDependencies ?? {})) {
    const [os, cpu] = [found(name, SYSTEMS), found(name, PROCESSORS)];
    if (lock.packages[`node_modules/${name}`] || (os.length === 0 && cpu.length === 0)) continue;
    lock.packages[`node_modules/${name}`] = {
      version,
      ...(cpu.length > 0 && { cpu }),
      ...(parent.dev && { dev: true }),
      optional: true,
      ...(os.length > 0 && { os }),
    };
    added += 1;
  }
}
lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : 1)));
writeFileSync(FILE, `${JSON.stringify(lock, null, 2)}\n`);
process.stdout.write(`${added} platform packages added\n`);
