import { Bitrix24Simulator, type SimulatorOptions } from './index';

const demoGroups = [125, 126, 127];
const demoBacklog = { id: 1, groupId: 125, createdBy: 6, modifiedBy: 1 };

/** The demo: two portals (or as many as SIM_PORTAL_PORTS names) that stay up until they are told to stop. */
async function main(environment: NodeJS.ProcessEnv): Promise<void> {
  const port = portOf(environment['SIM_PORT'] ?? '4400', 'SIM_PORT');
  const listed = environment['SIM_PORTAL_PORTS']?.split(',').map((text) => portOf(text, 'SIM_PORTAL_PORTS'));
  const second = environment['SIM_SECOND_PORTS']?.split(',').map((text) => portOf(text, 'SIM_SECOND_PORTS')) ?? [];
  const portals = (listed ?? [port + 1, port + 2]).map((one, i) => ({
    port: one,
    ...(second[i] !== undefined && { secondPort: second[i] }),
    groups: demoGroups,
    backlogs: [demoBacklog],
  }));
  const simulator = await Bitrix24Simulator.start({ ...optionsOf(environment), port, portals });
  stopOnSignals(simulator);
  console.log(`Authorization server: ${simulator.oauthServer} (client id ${simulator.clientId})`);
  for (const portal of simulator.portals) {
    console.log(`Portal: http://${portal.domain} (member id ${portal.memberId})`);
  }
}

function optionsOf(environment: NodeJS.ProcessEnv): SimulatorOptions {
  const named = {
    stateFile: environment['SIM_STATE_FILE'],
    callbackUrl: environment['SIM_CALLBACK_URL'],
    clientId: environment['SIM_CLIENT_ID'],
    clientSecret: environment['SIM_CLIENT_SECRET'],
  };
  return Object.fromEntries(Object.entries(named).filter(([, value]) => value !== undefined && value !== ''));
}

function portOf(text: string, name: string): number {
  const port = Number(text.trim());
  if (Number.isInteger(port) && port > 0 && port < 65_536) return port;
  throw new Error(`${name} must be port numbers between 1 and 65535, not "${text}".`);
}

function stopOnSignals(simulator: Bitrix24Simulator): void {
  const stop = () => void simulator.stop().then(() => process.exit(0));
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
}

function sentenceOf(error: unknown): string {
  const { code, port, message } = error as NodeJS.ErrnoException & { port?: number };
  return code === 'EADDRINUSE'
    ? `Port ${port} is already taken; set SIM_PORT, SIM_PORTAL_PORTS and SIM_SECOND_PORTS to free ports.`
    : message;
}

main(process.env).catch((error: unknown) => {
  console.error(sentenceOf(error));
  process.exit(1);
});
