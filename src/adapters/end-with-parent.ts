/**
 * The beginning of a program that runs somebody's module in a process of its own, as text: ends it with the process that started it. A
 * module in a loop without end hears nothing, also not that the server is gone; this thread does.
 */
export const END_WITH_PARENT = `
const watch = "const parent = process.ppid; setInterval(() => process.ppid === parent || process.kill(process.pid, 'SIGKILL'), 1000);";
new (require('node:worker_threads').Worker)(watch, { eval: true }).unref();
`;
