import fastify from 'fastify';

/** The least that a service in Node and Fastify does at its start: it listens and says so. */
const server = fastify();
server.get('/health/live', () => ({ status: 'ok' }));
const url = await server.listen({ port: 0, host: '127.0.0.1' });
console.log(JSON.stringify({ msg: 'listening', url }));
process.once('SIGTERM', () => void server.close());
