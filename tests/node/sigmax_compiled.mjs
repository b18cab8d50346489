// The client of SIGMAX's own documentation, as it stands in sigmax_client.ts, as JavaScript text: types are stripped.
import { readFile } from 'node:fs/promises';
import ts from 'typescript';

export async function compiled() {
  const source = await readFile(new URL('sigmax_client.ts', import.meta.url), 'utf8');
  return ts.transpileModule(source, { compilerOptions: { target: 'ES2022' } }).outputText;
}
