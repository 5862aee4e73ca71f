/** A report for people, for Atlas' users and for GitHub's pages. Pure. */

import type { Finding, LintReport } from './lint.ts';
import { BLOCKS } from './locks/modes.ts';
import type { Level } from './rules/rule.ts';
import { nameText } from './state/model.ts';

/** Colours, or the same functions leaving text as it is. */
export interface Paint {
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly levels: Readonly<Record<Level, (text: string) => string>>;
}

/** `file:line: what`, the lock, why, and the safe way to write it; a reason is given once a report. */
export function renderText({ files, sum }: LintReport, folder: string, paint: Paint): string {
  const explained = new Set<string>();
  const lines = files.flatMap(file =>
    file.findings.flatMap(finding => renderFinding(finding, folder, paint, explained)),
  );
  if (sum !== null)
    lines.unshift(
      `${paint.levels.error('error')}  ${sum} Nothing is applied until it agrees: peakstone migrate hash`,
      '',
    );
  return `${[...lines, summary({ files, sum })].join('\n')}\n`;
}

function renderFinding(finding: Finding, folder: string, paint: Paint, explained: Set<string>): string[] {
  const { file, line, level, code, message, lock, why, safe } = finding;
  const head = `${paint.bold(`${folder}/${file}:${line}`)}: ${paint.levels[level](level)} ${message} ${paint.dim(`[${code}]`)}`;
  const locked = lock === undefined ? [] : [`  lock: ${lockText(lock)}`];
  const isKnown = explained.has(`${code} ${safe}`);
  explained.add(`${code} ${safe}`);
  return [head, ...locked, ...(isKnown ? [] : [`  why:  ${why}`, `  safe: ${safe}`]), ''];
}

function lockText({ table, mode, rewrites, scans }: NonNullable<Finding['lock']>): string {
  const work = rewrites ? ', while every row is written anew' : scans ? ', while every row is read' : '';
  return `${mode} on ${nameText(table)}: blocks ${BLOCKS[mode]}${work}`;
}

function summary({ files, sum }: LintReport): string {
  const all = files.flatMap(file => file.findings);
  const count = (level: Level) => all.filter(finding => finding.level === level).length;
  const errors = count('error') + (sum === null ? 0 : 1);
  const parts = [
    plural(errors, 'error'),
    plural(count('warning'), 'warning'),
    ...(count('info') > 0 ? [`${count('info')} to know`] : []),
  ];
  return `${plural(files.length, 'file')}: ${errors + all.length === 0 ? 'nothing found' : parts.join(', ')}`;
}

function plural(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}

/** What Atlas prints for `--format '{{ json .Files }}'`. @see https://atlasgo.io/versioned/lint#output */
export function renderAtlas({ files }: LintReport): string {
  return JSON.stringify(
    files.map(({ name, text, findings }) => ({
      Name: name,
      Text: text,
      ...(findings.length > 0 && {
        Reports: [
          {
            Text: plural(findings.length, 'finding'),
            Diagnostics: findings.map(({ offset, message, code }) => ({
              Pos: Buffer.byteLength(text.slice(0, offset)),
              Text: message,
              Code: code,
            })),
          },
        ],
      }),
    })),
  );
}

const COMMANDS: Readonly<Record<Level, string>> = { error: 'error', warning: 'warning', info: 'notice' };

/** Annotations of a pull request. @see https://docs.github.com/actions/reference/workflow-commands-for-github-actions */
export function renderGithub({ files, sum }: LintReport, folder: string): string {
  const lines = files.flatMap(file =>
    file.findings.map(({ level, line, column, code, message, why, safe }) => {
      const place = `file=${property(`${folder}/${file.name}`)},line=${line},col=${column},title=${property(code)}`;
      return `::${COMMANDS[level]} ${place}::${data(`${message}. ${why} ${safe}`)}`;
    }),
  );
  if (sum !== null) lines.unshift(`::error ::${data(sum)}`);
  return lines.map(line => `${line}\n`).join('');
}

function data(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function property(text: string): string {
  return data(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
