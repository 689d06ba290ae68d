// biome-ignore-all lint/suspicious/noTemplateCurlyInString: this is the syntax that is read here
/** Where the values come from. */
export interface Surroundings {
  /** The value of a variable, undefined where it is not set. */
  readonly variable: (name: string) => string | undefined;
  /** The text of a file, or why it cannot be read. */
  readonly file: (path: string) => { readonly text: string } | { readonly problem: string };
}

export interface Interpolated {
  readonly text: string;
  /** What it was filled in from, for a person: `EXTRACTA_WEBHOOK_SECRET`, `/run/secrets/x`. Empty: nothing was. */
  readonly origins: readonly string[];
  readonly problems: readonly string[];
}

/**
 * Fills in `${NAME}`, `${NAME:-default}` and `${file:path}`; `$${` becomes a literal `${`. What is filled in is not
 * looked at again. As in a shell, the default also stands in for an empty variable.
 */
export function interpolate(text: string, surroundings: Surroundings): Interpolated {
  const origins: string[] = [];
  const problems: string[] = [];
  const filled = text.replace(/\$\$\{|\$\{([^}]*)(\}?)/g, (_, body: string | undefined, end: string) => {
    if (body === undefined) return '${';
    const value: Value =
      end === '' ? { problem: '"${" has no "}"; write "$${" for a literal one' } : fill(body, surroundings);
    if (value.origin !== undefined) origins.push(value.origin);
    if ('problem' in value) problems.push(value.problem);
    return 'text' in value ? value.text : '';
  });
  return { text: filled, origins, problems };
}

type Value =
  | { readonly text: string; readonly origin: string }
  | { readonly problem: string; readonly origin?: string };

function fill(body: string, { variable, file }: Surroundings): Value {
  if (body.startsWith('file:')) {
    const path = body.slice('file:'.length);
    const read = file(path);
    if ('problem' in read) return { problem: `the file ${path} ${read.problem}`, origin: path };
    return { text: read.text.replace(/\r?\n$/, ''), origin: path };
  }
  const [, name, fallback] = /^([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?$/s.exec(body) ?? [];
  // The text is not repeated: it may be a secret that happens to have these characters.
  if (name === undefined) {
    return {
      problem:
        '"${…}" is not understood: ${NAME}, ${NAME:-default} and ${file:/path} are, and "$${" for a literal "${"',
    };
  }
  if (fallback?.includes('${')) return { problem: `the default of ${name} cannot hold another reference` };
  const value = variable(name);
  if (fallback !== undefined) return { text: value || fallback, origin: name };
  if (value !== undefined) return { text: value, origin: name };
  return { problem: `${name} is not set: set it in the environment or in .env`, origin: name };
}
