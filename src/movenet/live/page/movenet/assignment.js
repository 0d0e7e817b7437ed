/** Linear assignment: pairs of rows and columns of the lowest total cost. */

/**
 * Return the pairs [row, column] of lowest total cost, each below `limit`; a row or column without a pair costs half of it.
 *
 * @param {number[][]} costs rows × columns, any shape
 * @param {number} limit
 */
export function linearAssignment(costs, limit) {
  const [rows, columns] = [costs.length, costs[0]?.length ?? 0];
  if (!rows || !columns) return [];
  // Each row may take a column of its own that stands for no pair, and each column such a row.
  const size = rows + columns;
  const square = Array.from({ length: size }, (_, i) =>
    Array.from({ length: size }, (_, j) => {
      if (i < rows && j < columns) return Math.min(costs[i][j], 2 * limit);
      return i >= rows && j >= columns ? 0 : limit / 2;
    }));
  return hungarian(square)
    .map((column, row) => [row, column])
    .filter(([row, column]) => row < rows && column < columns && costs[row][column] < limit);
}

/** Return the column of each row of a square matrix, of the lowest total cost (Kuhn and Munkres, with potentials). */
function hungarian(costs) {
  const size = costs.length;
  const [rowPotential, columnPotential] = [Array(size + 1).fill(0), Array(size + 1).fill(0)];
  const rowOf = Array(size + 1).fill(0); // numbers from 1; 0 is no row
  for (let row = 1; row <= size; row++) {
    rowOf[0] = row;
    const [lowest, from, used] = [Array(size + 1).fill(Infinity), Array(size + 1).fill(0), Array(size + 1).fill(false)];
    let column = 0;
    do {
      used[column] = true;
      const current = rowOf[column];
      let [delta, next] = [Infinity, 0];
      for (let j = 1; j <= size; j++) {
        if (used[j]) continue;
        const reduced = costs[current - 1][j - 1] - rowPotential[current] - columnPotential[j];
        if (reduced < lowest[j]) [lowest[j], from[j]] = [reduced, column];
        if (lowest[j] < delta) [delta, next] = [lowest[j], j];
      }
      for (let j = 0; j <= size; j++) {
        if (used[j]) {
          rowPotential[rowOf[j]] += delta;
          columnPotential[j] -= delta;
        } else lowest[j] -= delta;
      }
      column = next;
    } while (rowOf[column]);
    while (column) {
      rowOf[column] = rowOf[from[column]];
      column = from[column];
    }
  }
  const columnOf = Array(size);
  for (let j = 1; j <= size; j++) columnOf[rowOf[j] - 1] = j - 1;
  return columnOf;
}
