// npm jose's half of cross.py: opens our token of every case and makes one of its own.
import { readFileSync } from 'node:fs';
import * as jose from 'jose';

const { text, cases } = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const decode = (bytes) => new TextDecoder().decode(bytes);
const plain = new TextEncoder().encode(text);

async function open({ alg, enc, key, public: shown, token }) {
  if (!enc) {
    return decode((await jose.compactVerify(token, await jose.importJWK(shown, alg), { algorithms: [alg] })).payload);
  }
  const options = {
    keyManagementAlgorithms: [alg], contentEncryptionAlgorithms: [enc], maxPBES2Count: 1_000_000,
  };
  return decode((await jose.compactDecrypt(token, await jose.importJWK(key, alg), options)).plaintext);
}

async function make({ alg, enc, key, public: shown }) {
  if (!enc) return new jose.CompactSign(plain).setProtectedHeader({ alg }).sign(await jose.importJWK(key, alg));
  return new jose.CompactEncrypt(plain).setProtectedHeader({ alg, enc }).encrypt(await jose.importJWK(shown, alg));
}

const answers = {};
for (const job of cases) {
  const answer = {};
  answers[job.name] = answer;
  for (const [work, good, bad] of [[open, 'text', 'open_error'], [make, 'made', 'make_error']]) {
    try {
      answer[good] = await work(job);
    } catch (error) {
      answer[bad] = `${error.name}: ${error.message}`;
      if (error.code === 'ERR_JOSE_NOT_SUPPORTED') answer.lacks = 'alg';
    }
  }
}
console.log(JSON.stringify(answers));
