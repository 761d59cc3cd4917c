/** Runs named steps one after the other, prints the result of each, and finally the number of passed and failed steps. */
export async function run(steps) {
  let failed = 0;
  for (const [name, step] of Object.entries(steps)) {
    try {
      await step();
      console.log(`${name}: ok`);
    } catch (error) {
      failed += 1;
      console.log(`${name}: failed`);
      console.log([error.stdout, error.stderr].filter(Boolean).join('\n') || error.message);
    }
  }
  console.log(`${Object.keys(steps).length - failed} passed, ${failed} failed`);
  process.exitCode = failed ? 1 : 0;
}
