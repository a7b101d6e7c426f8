// What the JavaScript checks share: the facts that run.py wrote, and one line per check.
import { readFileSync } from 'node:fs';

export const facts = JSON.parse(readFileSync(process.argv[2], 'utf8'));

export async function check(name, run) {
  try {
    const why = await run();
    console.log(why ? `FAIL ${name} :: ${why}` : `ok ${name}`);
  } catch (error) {
    const cause = error.cause ? ` (${JSON.stringify(error.cause?.body ?? String(error.cause)).slice(0, 300)})` : '';
    console.log(`FAIL ${name} :: ${`${error.name}: ${error.message}`.replaceAll('\n', ' ')}${cause}`);
  }
}

/** RFC 6749 §2.3.1, written here once more so that these checks share nothing with the server. */
export function basic(id) {
  const encode = (text) => encodeURIComponent(text).replace(/%20/g, '+');
  return `Basic ${btoa(`${encode(id)}:${encode(facts.secrets[id])}`)}`;
}

export async function token(id, fields = {}) {
  const response = await fetch(`${facts.base}/access_token`, {
    method: 'POST',
    headers: { authorization: basic(id) },
    body: new URLSearchParams({ grant_type: 'client_credentials', scope: 'read', ...fields }),
  });
  const body = await response.json();
  if (!response.ok) throw new Error(`no token: ${response.status} ${JSON.stringify(body)}`);
  return body.access_token;
}
