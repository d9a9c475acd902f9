/**
 * The recordings in docs/authoring.md are what a person sees: `edict author` in a terminal, against the stand-in with
 * `local/answers.example.yaml`. `EDICT_WRITE=1` writes them between their marks.
 */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { type MessagesServer, startMessagesServer } from '../../../local/messages-server.ts';
import { parseScript } from '../../../local/scripted-answers.ts';
import { describeWith } from '../../support/requirements.ts';
import { screenOf } from '../../support/screen.ts';
import { KEYS, Terminal } from '../../support/terminal.ts';

const root = join(import.meta.dirname, '..', '..', '..');
const page = join(root, 'docs', 'authoring.md');
const INVENTORY = 'policies/sql-database/backups-kept/examples/compliant';
const ASKED = /◆ [\s\S]*?└/;
/** Of the resources that are judged blind so many are shown. */
const MOST_JUDGED = 3;

/** What the person means. */
function choiceFor(shown: string): number {
  const text = shown.replaceAll(/\s*\n│\s*/g, ' ');
  if (!/environment: production/.test(text)) return 2; // the sentence is not about it
  const days = Number(/backup retention days: (\d+)/.exec(text)?.[1]);
  return /public endpoint: no/.test(text) && days >= 30 ? 1 : 0;
}

/** What is another each time: how long it took (as wide as it was), and the name of the draft. */
const settled = (text: string): string =>
  text
    .replaceAll(/\(\d[\d.]* m?s\)/g, (took) => '(… s)'.padEnd(took.length))
    .replaceAll(/(\.edict\/drafts\/[a-z-]+)-[0-9a-f]{6}/g, '$1-0ef24f');

/** The recording without most of the resources that are judged. */
function trimmed(lines: readonly string[]): string {
  const blocks: string[][] = [];
  for (const line of lines) {
    if (/^[◇└┌]/.test(line) || blocks.length === 0) blocks.push([]);
    blocks.at(-1)?.push(line);
  }
  const isJudged = ([first = '']: readonly string[]): boolean => /^◇ {2}\d+ of \d+ {2}/.test(first);
  let judged = 0;
  const kept = blocks.flatMap((block) => {
    if (!isJudged(block) || ++judged <= MOST_JUDGED) return [block];
    return judged === MOST_JUDGED + 1 ? [['│  …', '│']] : [];
  });
  return settled(kept.flat().join('\n').trimEnd());
}

/** The page with another recording between the marks of that name. */
function withRecording(text: string, name: string, recording: string): string {
  const [from, to] = [`<!-- recording: ${name} -->\n`, `<!-- /recording: ${name} -->`];
  const [start, end] = [text.indexOf(from), text.indexOf(to)];
  if (start < 0 || end < start) throw new Error(`docs/authoring.md has no marks of ${name}`);
  return `${text.slice(0, start + from.length)}\`\`\`\n${recording}\n\`\`\`\n${text.slice(end)}`;
}

describeWith(['opa', 'regal', 'python'], 'docs/authoring.md', () => {
  let server: MessagesServer;
  let folder = '';
  let terminal: Terminal;
  beforeAll(async () => {
    server = await startMessagesServer(
      parseScript(readFileSync(join(root, 'local', 'answers.example.yaml'), 'utf8'), 'answers.example.yaml'),
    );
  });
  afterAll(() => server.stop());
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'edict-recording-'));
    cpSync(join(root, INVENTORY), join(folder, INVENTORY), { recursive: true });
  });
  afterEach(() => {
    terminal.drop();
    rmSync(folder, { recursive: true, force: true });
  });
  const open = (...args: readonly string[]): Terminal =>
    new Terminal([process.execPath, join(root, 'cli', 'edict.js'), 'author', '--base-url', server.url, ...args], {
      cwd: folder,
      env: { EDICT_LOCAL_STACK: join(folder, 'none.json'), ANTHROPIC_API_KEY: '', NO_COLOR: '1' },
    });
  const choose = (n: number): void => terminal.press(...Array.from({ length: n }, () => KEYS.down), KEYS.enter);
  const holds = (name: string, recording: string): void => {
    const text = readFileSync(page, 'utf8');
    const wanted = withRecording(text, name, recording);
    if (process.env['EDICT_WRITE'] === '1') writeFileSync(page, wanted);
    else expect(text, 'EDICT_WRITE=1 writes it').toBe(wanted);
  };

  it('shows the dialogue as it is', async () => {
    const sentence = 'Production databases must never be reachable from the internet and keep backups for 30 days';
    terminal = open('--inventory', INVENTORY, '--', sentence);
    for (;;) {
      const shown = await terminal.until(ASKED);
      const question = shown.slice(shown.lastIndexOf('◆'));
      if (question.includes('What shall become of it?')) break;
      choose(choiceFor(question));
    }
    choose(0);
    expect(await terminal.ended).toBe(0);
    const recording = trimmed(screenOf(terminal.raw));
    expect(recording).toMatch(/^┌ {2}edict author\n│\n◇/);
    expect(recording).toMatch(/\n└ {2}Kept as a draft/);
    holds('a sentence', recording);
  });

  it('shows what is asked where only Rego can say it', async () => {
    terminal = open('--', 'Databases have two of these: required TLS, deletion protection, a customer key');
    expect(await terminal.until(ASKED)).toContain('Shall two models write that clause');
    choose(1); // yes
    await terminal.until(ASKED);
    terminal.press(KEYS.interrupt);
    expect(await terminal.ended).toBe(130);
    const lines = screenOf(terminal.raw);
    const asked = lines.findIndex((line) => line.includes('Shall two models write'));
    // The question, and the answer below it.
    holds('only Rego', settled(lines.slice(0, asked + 3).join('\n')));
  });
});
