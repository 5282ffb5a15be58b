import { applyDecorators } from '@nestjs/common';
import { ApiHeader, ApiResponse } from '@nestjs/swagger';
import { headerReferences } from '../../http/problem-responses';
import { acceptedJobSchema } from './job-view';

/** Documents that an operation takes `Prefer: respond-async`. */
export function CanRespondAsync(): MethodDecorator {
  return applyDecorators(
    ApiHeader({
      name: 'Prefer',
      required: false,
      description: '`respond-async`: the work runs as a job, and the answer is 202 at once.',
      schema: { type: 'string', example: 'respond-async' },
    }),
    ApiResponse({
      status: 202,
      description: 'The job that does the work.',
      headers: headerReferences('Location', 'Preference-Applied'),
      standardSchema: acceptedJobSchema,
    }),
  );
}
