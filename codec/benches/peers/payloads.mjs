// Nanoseconds per packet of engine.io-parser on Node, over the polling bodies that the bench wrote:
//   cargo run --release -- corpus FOLDER && node payloads.mjs FOLDER
// The parser comes from fixtures/readers/javascript, where `npm ci` installs it.
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const require = createRequire(new URL("../../../fixtures/readers/javascript/package.json", import.meta.url));
const { decodePayload } = require("engine.io-parser");
const folder = process.argv[2];
const milliseconds = (count) => BigInt(count) * 1_000_000n;
const elapsed = (since) => process.hrtime.bigint() - since;
let packets = 0;

for (const name of readdirSync(folder).sort()) {
  const body = readFileSync(join(folder, name), "utf8");
  const run = () => (packets = decodePayload(body).length);
  let rounds = 0;
  for (const start = process.hrtime.bigint(); elapsed(start) < milliseconds(200); rounds++) run();
  const batch = Math.ceil(rounds / 100);
  let least = Infinity;
  for (const start = process.hrtime.bigint(); elapsed(start) < milliseconds(500); ) {
    const begin = process.hrtime.bigint();
    for (let round = 0; round < batch; round++) run();
    least = Math.min(least, Number(elapsed(begin)) / batch);
  }
  console.log(name.replace(".txt", "").padEnd(20), (least / packets).toFixed(1).padStart(9), "ns per packet");
}
