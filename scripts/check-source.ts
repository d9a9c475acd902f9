#!/usr/bin/env node
/**
 * What neither the compiler nor the linter holds: every suppression carries a reason, no test is switched off in
 * silence, and the pure layers read no clock, no chance and no process.
 *
 * A reason is at least ten characters in the comment itself (`// oxlint-disable-next-line rule -- the reason`), or,
 * where the suppression is code (`as any`, `describe.skip`), in a comment on its line or on the line above.
 */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { isMain } from './is-main.ts';

/** One complaint. `line` counts from 1. */
export interface SourceComplaint {
  readonly file: string;
  readonly line: number;
  readonly message: string;
}

const minReason = 10;
const pureLayer = /^shared\/(?:model|kinds|mappings|policy|ports|pipeline|authoring)\//;

/** A comment that switches a checker off, up to where its reason begins. */
const suppressions: readonly { readonly pattern: RegExp; readonly name: string }[] = [
  {
    pattern: /^\s*(?:oxlint|eslint)-disable(?:-next-line|-line)?\b[^\n]*?(?:\s--\s+|$)(.*)$/s,
    name: 'a lint suppression',
  },
  { pattern: /^\s*@ts-expect-error\b[\s:-]*(.*)$/s, name: '@ts-expect-error' },
  { pattern: /^\s*biome-ignore(?:-all|-start|-end)?\b[^:]*:?(.*)$/s, name: 'a format suppression' },
  { pattern: /^\s*Stryker (?:disable|restore)\b[^:]*:?(.*)$/s, name: 'a mutation suppression' },
  {
    pattern: /^\s*(?:v8|c8|istanbul) ignore\b(?: next| start| stop| if| else| file)*\s*(?:--|:)?(.*)$/s,
    name: 'a coverage suppression',
  },
];

const impure: ReadonlyMap<string, string> = new Map([
  ['Date.now', 'takes the time from its input'],
  ['performance.now', 'takes the time from its input'],
  ['Math.random', 'draws no lots'],
  ['crypto.randomUUID', 'derives its ids'],
  ['randomUUID', 'derives its ids'],
  ['randomBytes', 'derives its ids'],
  ['setTimeout', 'waits for nothing'],
  ['setInterval', 'waits for nothing'],
  ['fetch', 'calls nobody'],
]);

/** All complaints about one TypeScript file. `file` is its path in the project, with forward slashes. Pure. */
export function checkSource(file: string, text: string): SourceComplaint[] {
  const complaints: SourceComplaint[] = [];
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const lineOf = (position: number): number => source.getLineAndCharacterOfPosition(position).line + 1;
  const complain = (position: number, message: string): void => {
    complaints.push({ file, line: lineOf(position), message });
  };

  const comments = commentsOf(source, text);
  const explained = new Set<number>();
  for (const { start, end, body } of comments) {
    if (/@ts-(?:ignore|nocheck)\b/.test(body))
      complain(start, 'use @ts-expect-error with a reason: @ts-ignore and @ts-nocheck hide what is no longer wrong');
    for (const { pattern, name } of suppressions) {
      const reason = body.match(pattern)?.[1];
      if (reason !== undefined && reason.trim().length < minReason) complain(start, `${name} needs its reason`);
    }
    if (body.trim().length >= minReason)
      for (let line = lineOf(start); line <= lineOf(end) + 1; line++) explained.add(line);
  }
  /** Lines of a comment and the line after it are explained. */
  const isExplained = (node: ts.Node): boolean =>
    explained.has(lineOf(node.getStart(source))) || explained.has(lineOf(node.getEnd()));

  const inTest = file.startsWith('test/');
  const isPure = pureLayer.test(file);
  const visit = (node: ts.Node): void => {
    if (ts.isAsExpression(node)) {
      const target = node.type.getText(source);
      if (/^(?:any|never)$/.test(target) && !isExplained(node))
        complain(node.getStart(source), `'as ${target}' needs its reason`);
      if (
        ts.isAsExpression(node.expression) &&
        node.expression.type.getText(source) === 'unknown' &&
        !isExplained(node)
      )
        complain(node.getStart(source), `'as unknown as' needs its reason`);
    }
    if (
      inTest &&
      ts.isPropertyAccessExpression(node) &&
      /^(?:describe|it|test|suite|bench)\b/.test(node.getText(source))
    ) {
      const name = node.name.text;
      if (name === 'only') complain(node.name.getStart(source), `'.only' switches every other test off`);
      if (/^(?:skip|todo|skipIf|runIf|fails)$/.test(name) && !isExplained(node))
        complain(node.name.getStart(source), `'.${name}' needs its reason`);
    }
    if (ts.isObjectLiteralExpression(node)) {
      const properties = new Map(
        node.properties.filter(ts.isPropertyAssignment).map((p) => [p.name.getText(source), p.initializer]),
      );
      const id = properties.get('id');
      if (
        id !== undefined &&
        ts.isStringLiteralLike(id) &&
        /^(?:AwsSolutions|CdkNag|NIST|HIPAA|PCI|Serverless)\b/.test(id.text)
      ) {
        const reason = properties.get('reason');
        const length =
          reason !== undefined && ts.isStringLiteralLike(reason)
            ? reason.text.trim().length
            : reason === undefined
              ? 0
              : minReason;
        if (length < minReason) complain(node.getStart(source), `the nag suppression ${id.text} needs its reason`);
      }
    }
    if (isPure) {
      if (ts.isCallExpression(node)) {
        const why = impure.get(node.expression.getText(source).replace(/^globalThis\./, ''));
        if (why !== undefined)
          complain(node.getStart(source), `a pure layer ${why}: ${node.expression.getText(source)}`);
      }
      if (ts.isNewExpression(node) && node.expression.getText(source) === 'Date' && (node.arguments?.length ?? 0) === 0)
        complain(node.getStart(source), 'a pure layer takes the time from its input: new Date()');
      if (ts.isPropertyAccessExpression(node) && node.expression.getText(source) === 'process')
        complain(node.getStart(source), 'a pure layer does not see the process');
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return complaints;
}

interface Comment {
  readonly start: number;
  readonly end: number;
  /** The text without its slashes and stars. */
  readonly body: string;
}

function commentsOf(source: ts.SourceFile, text: string): Comment[] {
  const found = new Map<number, Comment>();
  const take = (ranges: readonly ts.CommentRange[] | undefined): void => {
    for (const { pos, end } of ranges ?? []) {
      const raw = text.slice(pos, end);
      const body = raw.startsWith('//') ? raw.slice(2) : raw.slice(2, -2).replaceAll(/^\s*\* ?/gm, '');
      found.set(pos, { start: pos, end, body });
    }
  };
  // The parser hangs comments on no node: they lie before and behind the tokens.
  const visit = (node: ts.Node): void => {
    const children = node.getChildren(source);
    if (children.length === 0) {
      take(ts.getLeadingCommentRanges(text, node.getFullStart()));
      take(ts.getTrailingCommentRanges(text, node.getEnd()));
    }
    for (const child of children) visit(child);
  };
  visit(source);
  return [...found.values()].toSorted((a, b) => a.start - b.start);
}

if (isMain(import.meta)) {
  const root = join(import.meta.dirname, '..');
  const folders = ['shared', 'functions', 'infra', 'cli', 'local', 'bench', 'scripts', 'test'];
  const files = folders.flatMap((folder) => globSync(`${folder}/**/*.ts`, { cwd: root })).toSorted();
  const complaints = files.flatMap((file) =>
    checkSource(file.replaceAll('\\', '/'), readFileSync(join(root, file), 'utf8')),
  );
  for (const { file, line, message } of complaints) console.error(`${file}:${line}: ${message}`);
  if (files.length === 0) console.error('No source file was read: the check is broken.');
  if (complaints.length > 0 || files.length === 0) process.exitCode = 1;
  console.log(`source: ${files.length} files, ${complaints.length} complaints`);
}
