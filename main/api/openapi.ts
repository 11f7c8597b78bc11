import { z } from 'zod';
import { FAILURES, type FailureCode } from '../../core/errors.ts';
import { VERSION } from '../version.ts';
import { fullPath, type Operation } from './operation.ts';

type Json = Readonly<Record<string, unknown>>;

const problemJson = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    code: z.string(),
    retryable: z.boolean(),
    errors: z.array(z.strictObject({ path: z.string(), message: z.string() })).optional(),
  })
  .meta({ id: 'Problem', description: 'Problem details, RFC 9457.' });

/** Schemas with an id become components; everything else stands where it is used. */
class Components {
  readonly schemas: Record<string, Json> = {};

  schemaOf(schema: z.ZodType, io: 'input' | 'output'): Json {
    const written = z.toJSONSchema(schema, {
      target: 'draft-2020-12',
      io,
      unrepresentable: 'any',
      // The format says it in two words; zod's pattern for it is four lines.
      override: ({ jsonSchema }) => {
        if (jsonSchema.format === 'date-time') delete jsonSchema.pattern;
      },
    }) as Json;
    return this.take(written);
  }

  /** A schema that was written elsewhere. */
  take(written: Json): Json {
    const { $schema: _, $defs = {}, ...own } = rewriteReferences(written);
    for (const [id, { $schema, id: __, ...definition }] of Object.entries($defs as Record<string, Json>)) {
      this.schemas[id] = definition;
    }
    const { id, ...body } = own as Json & { id?: string };
    if (id === undefined) return body;
    this.schemas[id] = body;
    return { $ref: `#/components/schemas/${id}` };
  }
}

function rewriteReferences(schema: Json): Json {
  return JSON.parse(JSON.stringify(schema).replaceAll('"#/$defs/', '"#/components/schemas/')) as Json;
}

function parametersOf(
  place: 'path' | 'query',
  schema: z.ZodType | undefined,
  components: Components,
): Json[] {
  if (schema === undefined) return [];
  const { properties = {}, required = [] } = components.schemaOf(schema, 'input') as {
    properties?: Record<string, Json>;
    required?: string[];
  };
  return Object.entries(properties).map(([name, property]) => ({
    name,
    in: place,
    required: place === 'path' || required.includes(name),
    schema: property,
  }));
}

function failureOf(code: FailureCode, components: Components): Json {
  return {
    description: code,
    content: { 'application/problem+json': { schema: components.schemaOf(problemJson, 'output') } },
  };
}

function describe(operation: Operation, components: Components): Json {
  const { id, summary, params, query, body, bodySchema, answer, otherTypes = [], failures = [] } = operation;
  const text = { schema: { type: 'string' } };
  return {
    operationId: id,
    summary,
    parameters: [...parametersOf('path', params, components), ...parametersOf('query', query, components)],
    ...(body === undefined
      ? {}
      : {
          requestBody: {
            required: true,
            content: {
              'application/json': {
                schema:
                  bodySchema === undefined ? components.schemaOf(body, 'input') : components.take(bodySchema),
              },
            },
          },
        }),
    responses: {
      200: {
        description: 'OK',
        content: {
          'application/json': { schema: components.schemaOf(answer, 'output') },
          ...Object.fromEntries(otherTypes.map((type) => [type, text])),
        },
      },
      ...Object.fromEntries(
        (['request_invalid', 'unauthenticated', 'store_unavailable', ...failures] as const).map((code) => [
          FAILURES[code].httpStatus,
          failureOf(code, components),
        ]),
      ),
    },
  };
}

/** The OpenAPI 3.1 document of these operations. */
export function openApiDocument(operations: readonly Operation[]): Json {
  const components = new Components();
  const paths: Record<string, Record<string, Json>> = {};
  for (const operation of operations) {
    const path = fullPath(operation);
    paths[path] = { ...paths[path], [operation.method.toLowerCase()]: describe(operation, components) };
  }
  return {
    openapi: '3.1.1',
    info: {
      title: 'Plumbline',
      version: VERSION,
      description: 'Verdicts about telemetry, decisions for actors.',
    },
    paths,
    components: {
      schemas: components.schemas,
      securitySchemes: {
        key: { type: 'http', scheme: 'bearer', description: 'Only when keys are configured.' },
      },
    },
    security: [{}, { key: [] }],
  };
}
