import type { CallToolResult, McpServer } from '@modelcontextprotocol/server';
import type { z } from 'zod';
import type { Log } from '../../../core/log.ts';
import type { ApiDeps } from '../../api/api-deps.ts';
import { problemOf } from '../../api/problem.ts';

/** What tools are answered from. */
export interface McpDeps extends Pick<ApiDeps, 'client' | 'gate' | 'now'> {
  readonly log: Log;
}

interface ToolDefinition<In extends z.ZodObject, Out extends z.ZodObject> {
  readonly name: string;
  readonly title: string;
  /** For the model: what it is for, and what to do with the answer. */
  readonly description: string;
  readonly input: In;
  readonly output: Out;
  /** Left out: it only reads, or asks. */
  readonly records?: boolean;
  /** `text` is short: a model reads all of it, and most of them nothing else. */
  readonly run: (
    asked: z.output<In>,
    deps: McpDeps,
  ) => Promise<{ readonly text: string; readonly answer: z.input<Out> }>;
}

/** A tool that can be put into a server. */
export type McpTool = (server: McpServer, deps: McpDeps) => void;

/** What goes wrong is told to the model as an error of the tool, in words that say what to do; never an answer. */
export function mcpTool<In extends z.ZodObject, Out extends z.ZodObject>(
  tool: ToolDefinition<In, Out>,
): McpTool {
  const { name, title, description, input, output, records = false, run } = tool;
  const annotations = {
    title,
    readOnlyHint: !records,
    destructiveHint: false,
    idempotentHint: !records,
    openWorldHint: false,
  };
  return (server, deps) => {
    const call = async (asked: unknown): Promise<CallToolResult> => {
      try {
        const { text, answer } = await run(asked as z.output<In>, deps);
        return { content: [{ type: 'text', text }], structuredContent: { ...answer } };
      } catch (error) {
        const { status, detail, code } = problemOf(error);
        if (status >= 500) deps.log.warn({ error, code, tool: name }, 'A tool could not answer.');
        return { content: [{ type: 'text', text: `NO ANSWER (${code}): ${detail}` }], isError: true };
      }
    };
    server.registerTool<z.ZodObject, z.ZodObject>(
      name,
      { title, description, inputSchema: input, outputSchema: output, annotations },
      call,
    );
  };
}
