/** `.env.example`: every variable of the stack, grouped; secrets empty. */
import type { Variable } from '../variable.ts';
import { variables } from '../variables.ts';

/** Pure. A variable that no service of a stack uses is still listed: the file is the catalogue. */
export function renderEnvExample(): string {
  const groups = [...new Set(variables.map(variable => variable.group))];
  const body = groups.map(
    group =>
      `# --- ${group} ---\n${variables
        .filter(variable => variable.group === group)
        .map(renderVariable)
        .join('')}`,
  );
  return `# Every variable of the stack. Copy to .env and fill in the secrets, or let \`peakstone deploy env\` make the file.\n# Secrets are URL-safe text, or hex where a comment says so. Never commit .env.\n\n${body.join('\n')}`;
}

function renderVariable(variable: Variable): string {
  const comment = variable.comment === undefined ? '' : `# ${variable.comment}\n`;
  return `${comment}${variable.optional ? '# ' : ''}${variable.name}=${variable.value ?? ''}\n`;
}
