import { PipelineError } from '../../../core/errors.ts';

/** A hostile document may have names of megabytes. */
const PATH_TEXT_MAX = 300;

type Path = readonly (string | number)[];

/** A document that is JSON, but not the request it should be. */
export function jsonValueError(path: Path, what: string): PipelineError {
  const field = pathText(path);
  return new PipelineError(
    'otlp_malformed',
    `${field}: ${what}. Nothing of the body was stored; correct this field as OTLP/JSON spells it.`,
    { field },
  );
}

export function jsonSyntaxError(path: Path, atByte: number, what: string): PipelineError {
  const field = pathText(path);
  return new PipelineError(
    'otlp_malformed',
    `The body is not JSON: ${what} at byte ${atByte}, in ${field}. Nothing of it was stored; send it as one OTLP/JSON document.`,
    { atByte, field },
  );
}

/** `resourceSpans[0].scopeSpans[0].spans[3].kind` */
function pathText(path: Path): string {
  const text = path.map((step) => (typeof step === 'number' ? `[${step}]` : `.${step}`)).join('');
  if (text === '') return 'the document';
  return text.length > PATH_TEXT_MAX ? `...${text.slice(-PATH_TEXT_MAX)}` : text.slice(1);
}
