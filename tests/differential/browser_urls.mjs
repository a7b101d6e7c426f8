// What a browser's parser (WHATWG URL, as Node has it) reads of URLs: those of a test set, and
// mutations of them. One line each: the input in hex, scheme, host and port, or "-" where it is refused.
//
//   node browser_urls.mjs MUTATIONS SEED [urltestdata.json]

import { readFileSync } from 'node:fs';

const [mutations, seed, set] = [Number(process.argv[2]), Number(process.argv[3]), process.argv[4]];

const inputs = [
  'https://rs.example:8443/jwks.json?x=1', 'http://127.0.0.1/', 'http://[::1]:80/a', 'https://a.b.c',
  'http://127.1/', 'http://0x7f.0.0.1/', 'http://0177.0.0.1', 'http://2130706433/', 'http://1.2.3.4./',
  'http://[::ffff:127.0.0.1]/', 'https://user@host/', 'https://host\\@other/', 'https://host#@other/',
  'https://host?@other/', 'https://xn--bcher-kva.example/', 'https://bücher.example/', 'https://a%2eb/',
  'https://a\u3002b/', 'https://EXAMPLE.com:443/', 'https:///three', 'https:/one', 'https:none',
  'http://a.0x/', 'http://a.1/', 'http://09.1.2.3/', 'http://256.1.1.1/', 'http://1.2.3.4.5/',
];
if (set) {
  for (const one of JSON.parse(readFileSync(set, 'utf8'))) {
    if (typeof one === 'object' && one.input.isWellFormed()) inputs.push(one.input);
  }
}

// mulberry32: the same mutations for the same seed.
let state = seed >>> 0;
function random(below) {
  state = (state + 0x6d2b79f5) >>> 0;
  let t = Math.imul(state ^ (state >>> 15), state | 1);
  t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
  return ((t ^ (t >>> 14)) >>> 0) % below;
}
const pieces = [...'/\\:@?#[]%.-_~0123456789abcdefxXAZ \t\n,;=+&', '//', '..', '0x', '%2e', '%2F', '%00', '127.1',
  '@evil.example', '.evil.example', ':80', ':443', 'xn--', '\u3002', '\uff0e', '\uff0f', 'ß', '\u200d', 'é',
  'https://', 'http://', '[::1]', '\u0000'];
const pick = (list) => list[random(list.length)];

function mutated(text) {
  for (let edits = 1 + random(3); edits > 0; --edits) {
    const at = random(text.length + 1), length = random(4);
    switch (random(5)) {
      case 0: text = text.slice(0, at) + text.slice(at + 1 + length); break;
      case 1: text = text.slice(0, at) + text.slice(at, at + length) + text.slice(at); break;
      case 2: text = text.slice(0, at) + pick(inputs).slice(random(12)); break;
      default: text = text.slice(0, at) + pick(pieces) + text.slice(at + random(2));
    }
  }
  return text.slice(0, 300);
}

const ports = { 'http:': '80', 'https:': '443' };
function verdict(text) {
  let url;
  try {
    url = new URL(text);
  } catch {
    return '-';
  }
  return [url.protocol.slice(0, -1), url.hostname, url.port || ports[url.protocol] || ''].join('\t');
}

let lines = [];
function tell(text) {
  if (!text.isWellFormed()) return;
  lines.push(Buffer.from(text, 'utf8').toString('hex') + '\t' + verdict(text));
  if (lines.length === 10000) flush();
}
function flush() {
  if (lines.length) process.stdout.write(lines.join('\n') + '\n');
  lines = [];
}
process.stdout.on('error', () => process.exit(1));
process.stdout._handle?.setBlocking?.(true);
inputs.forEach(tell);
for (let i = 0; i < mutations; ++i) tell(mutated(pick(inputs)));
flush();
