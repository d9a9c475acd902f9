// The way in of `npm start`. Plain JavaScript, because an older Node cannot read TypeScript and would say so in a stack
// trace. Through npm it is the Node 24 that `npm ci` installed, whatever the system has.
const [major = 0] = process.versions.node.split('.').map(Number);
if (major >= 24) await import('./start.ts');
else {
  console.error(
    `✗ Node.js 24 is needed and this is ${process.version}: run "npm ci" and then "npm start", which bring their own where they can, or install Node.js 24`,
  );
  process.exitCode = 1;
}
