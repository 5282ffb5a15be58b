// A bug that nobody foresaw, at the moment a test wants it: it throws where nobody can catch it.
process.on('SIGUSR2', () => {
  throw new Error('what the error says: secret-canary');
});
