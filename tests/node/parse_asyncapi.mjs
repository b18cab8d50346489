// Reads AsyncAPI documents with the official parser. Prints what it finds wrong, and exits with 1 if anything is.
// Usage: node tests/node/parse_asyncapi.mjs FILE...
import { readFile } from "node:fs/promises";
import { Parser } from "@asyncapi/parser";

const WARNING = 1; // 0 is an error; 2 and 3 are advice.
const parser = new Parser();
let wrong = 0;
for (const file of process.argv.slice(2)) {
  const { document, diagnostics } = await parser.parse(await readFile(file, "utf8"), { source: file });
  for (const { severity, range, path, message } of diagnostics) {
    console.log(`${file}:${range.start.line + 1}: [${severity}] ${path.join(".")}: ${message}`);
    if (severity <= WARNING) wrong += 1;
  }
  if (document) {
    console.log(`${file}: ${document.allMessages().length} messages, ${document.allOperations().length} operations`);
  } else {
    wrong += 1;
  }
}
process.exit(wrong ? 1 : 0);
