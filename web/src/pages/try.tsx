export function TryPage(_: { run: string }) { return null; }
