// The table at the end of a run: what was seen of each row.

const COLUMNS = ["client", "transport", "mode", "connected", "ordered", "recovered", "outage", ""];

/** Prints a line for each row; a step that was not reached is a dash. */
export function print(rows, seen) {
  const lines = rows.map((row) => {
    const { connected, ordered, recovered, outage, passed } = seen.get(row) ?? {};
    const notes = [connected && "yes", ordered, recovered, outage].map((note) => note ?? "-");
    const end = passed ? "ok" : seen.has(row) ? "FAILED" : "not run";
    const client = [row.name, row.version, row.remark].filter(Boolean).join(" ");
    return [client, row.transport, row.mode, ...notes, end];
  });
  const table = [COLUMNS, ...lines];
  const widths = COLUMNS.map((_, column) => Math.max(...table.map((line) => line[column].length)));
  for (const line of table) {
    console.log(line.map((cell, column) => cell.padEnd(widths[column])).join("  ").trimEnd());
  }
}
