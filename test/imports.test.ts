import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../src/', import.meta.url));

interface SourceFile {
  /** Its path below `src/`. */
  readonly path: string;
  readonly text: string;
  /** Paths below `src/`, or package names. */
  readonly imports: readonly string[];
}

const files: readonly SourceFile[] = readdirSync(root, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts'))
  .map((path) => {
    const text = readFileSync(join(root, path), 'utf8');
    const specifiers = [...text.matchAll(/(?:from|import\(|^import) ?'([^']+)'/gm)].map(
      (match) => match[1] ?? '',
    );
    const imports = specifiers.map((specifier) =>
      specifier.startsWith('.')
        ? relative(root, normalize(join(root, dirname(path), specifier))).replace(/\.js$/, '.ts')
        : specifier,
    );
    return { path: path.split(sep).join('/'), text, imports };
  });

/** Files outside `where` whose imports (or text) match: each is a break of the rule. */
const importing = (what: RegExp, where: RegExp): readonly string[] =>
  files
    .filter((file) => !where.test(file.path) && file.imports.some((name) => what.test(name)))
    .map((file) => file.path);

const saying = (what: RegExp, where: RegExp): readonly string[] =>
  files.filter((file) => !where.test(file.path) && what.test(file.text)).map((file) => file.path);

describe('imports run one way', () => {
  it.each([
    ['koa only under http/', /^@?koa/, /^http\//],
    ['ajv only where schemas are compiled', /^ajv/, /^schemas\.ts$/],
    [
      'the SQLite driver only in its folder',
      /sqlite$|^node:sqlite|@photostructure/,
      /^store\/(sqlite\/|open\.ts)/,
    ],
    ['undici only where requests are sent', /^undici/, /^((delivery|cli)\/|outbound\.ts$)/],
    ['prom-client only under telemetry/', /^prom-client/, /^telemetry\//],
    ['the PostgreSQL driver only in its folder', /^pg$/, /^store\/postgres\//],
    ['pino only under telemetry/', /^pino/, /^telemetry\//],
    ['commander only at the entry', /^commander/, /^(cli\/|main\.ts)/],
    ['no imports of the command line', /^cli\//, /^(cli\/|main\.ts)/],
    ['app.ts composes alone', /^app\.ts$/, /^(cli\/|main\.ts|embed\.ts)/],
    ['delivery is started by the work half', /^delivery\//, /^(delivery\/|loops\.ts)/],
    [
      'migration/ knows nothing of HTTP, nor of what makes events',
      /^(http|ingest|delivery|convert)\//,
      /^(?!migration\/)/,
    ],
    ['HTTP is started by the composition root', /^http\//, /^(http\/|app\.ts|readiness\.ts|metrics\.ts)/],
  ])('%s', (_name, what, where) => expect(importing(what, where)).toEqual([]));

  it('the pure core imports no I/O, no clock, no randomness and nothing above it', () => {
    const pure = files.filter((file) => file.path.startsWith('formats/'));
    expect(pure.length).toBeGreaterThan(5);
    for (const file of pure) {
      const allowed = /^(formats\/.*|model\.ts|errors\.ts|node:crypto)$/;
      expect([file.path, file.imports.filter((name) => !allowed.test(name))]).toEqual([file.path, []]);
      expect(file.text).not.toMatch(/Date\.now|new Date|Math\.random|randomBytes|randomUUID|process\./);
    }
  });

  it('storage knows the model alone', () => {
    const allowed = /^(store\/.*|model\.ts|errors\.ts|node:.*|@photostructure\/sqlite|pg)$/;
    for (const file of files.filter((each) => each.path.startsWith('store/'))) {
      expect([file.path, file.imports.filter((name) => !allowed.test(name))]).toEqual([file.path, []]);
    }
  });

  it('the process is touched only at the entry', () => {
    expect(saying(/process\.(env|exit|argv)/, /^(cli\/|main\.ts)/)).toEqual([]);
  });
});
