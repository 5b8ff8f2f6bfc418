export function EvaluationPage(_: { run: string; query: URLSearchParams }) { return null; }
