/** An answer other than 200, in ClickHouse's words: an exception code, its name and one sentence. */
export class EngineFault extends Error {
  readonly code: number;
  readonly label: string;

  constructor(code: number, label: string, message: string) {
    super(message);
    this.name = 'EngineFault';
    this.code = code;
    this.label = label;
  }

  /** `Code: N. DB::Exception: … (NAME)`, the form every ClickHouse client parses. */
  get body(): string {
    return `Code: ${this.code}. DB::Exception: ${this.message} (${this.label})`;
  }
}

/** HTTP statuses as ClickHouse gives them; a code that is not listed is a 500. */
const CODES_OF_STATUS: Readonly<Record<number, readonly number[]>> = {
  // Text, values, types or syntax that cannot be read or do not fit.
  400: [
    6, 25, 26, 27, 36, 38, 41, 42, 43, 44, 51, 53, 62, 69, 70, 72, 89, 117, 167, 168, 223, 354, 376, 427, 441,
    456, 457, 675, 676,
  ],
  401: [194],
  403: [164, 192, 193, 392, 497, 512, 516],
  // Nothing of that name: column, function, identifier, type, table, format, database, setting, role.
  404: [16, 46, 47, 50, 56, 60, 63, 73, 78, 81, 115, 336, 511],
  408: [159],
  413: [307, 396],
  501: [48],
  503: [202, 209, 236, 243, 439],
};

const STATUS = new Map(
  Object.entries(CODES_OF_STATUS).flatMap(([status, codes]) => codes.map((code) => [code, Number(status)])),
);

/** @see ClickHouse src/Server/HTTP/exceptionCodeToHTTPStatus.cpp */
export function httpStatusOfCode(code: number): number {
  return STATUS.get(code) ?? 500;
}
