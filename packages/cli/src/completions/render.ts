import type { Argument, Command, Option } from '../grammar/command.ts';
import { commonOptions } from '../grammar/parse.ts';

/** A completion script made from the tree of commands, so that it never lags behind. Pure. */
export function renderCompletions(root: Command, shell: 'bash' | 'zsh' | 'fish'): string {
  switch (shell) {
    case 'bash':
      return bash(root);
    case 'zsh':
      // zsh runs bash's functions; its own menu and matching still apply.
      return `autoload -U +X bashcompinit && bashcompinit\n${bash(root)}`;
    case 'fish':
      return fish(root);
  }
}

interface Node {
  /** Names from below the root: `secrets rotate`. */
  readonly path: string;
  readonly command: Command;
}

function nodes(root: Command): Node[] {
  const found: Node[] = [];
  const visit = (command: Command, path: string): void => {
    found.push({ path, command });
    for (const child of visible(command)) visit(child, path === '' ? child.name : `${path} ${child.name}`);
  };
  visit(root, '');
  return found;
}

function visible(command: Command): readonly Command[] {
  return (command.commands ?? []).filter(child => !child.hidden);
}

function completed({ choices, likely }: Argument): readonly string[] {
  return choices ?? likely ?? [];
}

function optionsOf(command: Command): readonly (readonly [string, Option])[] {
  return command.raw ? [] : Object.entries({ ...command.options, ...commonOptions });
}

function bash(root: Command): string {
  const cases: string[] = [];
  const values: string[] = [];
  for (const { path, command } of nodes(root)) {
    const words = [
      ...visible(command).map(child => child.name),
      ...(command.arguments ?? []).flatMap(completed),
      ...optionsOf(command).map(([name]) => `--${name}`),
    ];
    cases.push(`    '${path}') words='${words.join(' ')}' ;;`);
    for (const [name, option] of optionsOf(command)) {
      if (option.kind === 'flag') continue;
      const action = option.choices
        ? `COMPREPLY=($(compgen -W '${option.choices.join(' ')}' -- "$word"))`
        : 'COMPREPLY=($(compgen -f -- "$word"))';
      values.push(`    '${path} --${name}') ${action}; return ;;`);
    }
  }
  return `_peakstone() {
  local word=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD-1]} path='' words='' i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "\${path:+$path }\${COMP_WORDS[i]}" in
      ${nodes(root)
        .slice(1)
        .map(node => `'${node.path}'`)
        .join('|')}) path="\${path:+$path }\${COMP_WORDS[i]}" ;;
    esac
  done
  case "$path $before" in
${values.join('\n')}
  esac
  case "$path" in
${cases.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$word"))
  [[ \${#COMPREPLY[@]} -eq 0 ]] && COMPREPLY=($(compgen -f -- "$word"))
}
complete -F _peakstone peakstone
_peakstone_npx() {
  if [[ \${COMP_CWORD} -gt 1 && \${COMP_WORDS[1]} == peakstone ]]; then
    COMP_WORDS=("\${COMP_WORDS[@]:1}"); COMP_CWORD=$((COMP_CWORD - 1)); _peakstone
  else
    COMPREPLY=($(compgen -W peakstone -- "\${COMP_WORDS[COMP_CWORD]}") $(compgen -f -- "\${COMP_WORDS[COMP_CWORD]}"))
  fi
}
complete -p npx > /dev/null 2>&1 || complete -F _peakstone_npx npx
`;
}

function fish(root: Command): string {
  const lines = [
    'complete -c peakstone -f',
    // As typed after npx, where the package is installed in a project.
    `complete -c npx -n 'string match -q peakstone -- (commandline -opc)[2]' -f -a '(complete -C (string replace -r "^\\s*npx\\s+" "" -- (commandline -cp)))'`,
  ];
  const quote = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
  for (const { path, command } of nodes(root)) {
    const names = path === '' ? [] : path.split(' ');
    const children = visible(command).map(child => child.name);
    const here = [
      ...names.map(name => `__fish_seen_subcommand_from ${name}`),
      ...(children.length > 0 ? [`not __fish_seen_subcommand_from ${children.join(' ')}`] : []),
    ].join('; and ');
    const when = here === '' ? '' : ` -n ${quote(here)}`;
    for (const child of visible(command))
      lines.push(`complete -c peakstone${when} -a ${child.name} -d ${quote(child.summary)}`);
    for (const argument of command.arguments ?? []) {
      const values = completed(argument);
      if (values.length > 0) lines.push(`complete -c peakstone${when} -a ${quote(values.join(' '))}`);
    }
    for (const [name, option] of optionsOf(command)) {
      const short = option.short ? ` -s ${option.short}` : '';
      const value =
        option.kind === 'flag' ? '' : option.choices ? ` -x -a ${quote(option.choices.join(' '))}` : ' -r -F';
      lines.push(`complete -c peakstone${when} -l ${name}${short}${value} -d ${quote(option.summary)}`);
    }
  }
  return `${lines.join('\n')}\n`;
}
