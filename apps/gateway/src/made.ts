import type { FactoryProvider, InjectionToken } from '@nestjs/common';

/** A provider built of others, checked for nothing but their order. */
export function made(
  provide: InjectionToken,
  inject: InjectionToken[],
  useFactory: (...parts: never[]) => unknown,
): FactoryProvider {
  return { provide, inject, useFactory: useFactory as FactoryProvider['useFactory'] };
}
