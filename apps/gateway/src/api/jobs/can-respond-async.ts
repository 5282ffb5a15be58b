import { applyDecorators } from '@nestjs/common';
import { ApiHeader, ApiResponse } from '@nestjs/swagger';
import { acceptedJobSchema, jobExample, type JobView } from './job-view';

/** Of an operation that takes `Prefer: respond-async`. */
export function CanRespondAsync(kind: JobView['kind']): MethodDecorator {
  return applyDecorators(
    ApiHeader({
      name: 'Prefer',
      required: false,
      description: '`respond-async`: the work goes on as a job, and the answer is 202 at once.',
      schema: { type: 'string', example: 'respond-async' },
    }),
    ApiResponse({
      status: 202,
      description: 'The job that goes on with it.',
      headers: {
        Location: { description: 'Where the job is read.', schema: { type: 'string' } },
        'Preference-Applied': { description: '`respond-async`', schema: { type: 'string' } },
      },
      standardSchema: acceptedJobSchema,
      example: { ...jobExample, kind, state: 'queued' },
    }),
  );
}
