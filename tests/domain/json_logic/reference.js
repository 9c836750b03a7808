// Answers of json-logic-js: reads lines {rule, data}, writes a line per answer.
// usage: node reference.js <folder of json-logic-js> < questions > answers
"use strict";
const jsonLogic = require(process.argv[2]);
console.log = () => {}; // the operator "log" prints there

function encoded(value) {
  if (value === undefined) return ["undefined"];
  if (value === null) return ["null"];
  if (Array.isArray(value)) return ["array", value.map(encoded)];
  switch (typeof value) {
    case "number":
      return ["number", Object.is(value, -0) ? "-0" : String(value)];
    case "object":
      return ["object", Object.keys(value).sort()
        .filter((key) => value[key] !== undefined) // as in JSON
        .map((key) => [key, encoded(value[key])])];
    default:
      return [typeof value, value];
  }
}

const answers = [];
for (const line of require("fs").readFileSync(0, "utf8").split("\n")) {
  if (line === "") continue;
  const { rule, data } = JSON.parse(line);
  try {
    answers.push(encoded(jsonLogic.apply(rule, data)));
  } catch (error) {
    answers.push(["throws", String(error.message)]);
  }
}
process.stdout.write(answers.map((answer) => JSON.stringify(answer)).join("\n"));
