#!/usr/bin/env node
import { runCommand } from './run-command';

// Whoever reads may have seen enough, as `head` has.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0);
});

void runCommand(process.argv.slice(2), process).then((code) => {
  process.exitCode = code;
});
