import type { V1Status } from '@kubernetes/client-node';
import { WebSocket } from 'ws';
import { ChandleryError } from '../../domain/errors.ts';
import { replyFailure } from './failures.ts';
import { LIMITS } from './limits.ts';
import { objectPath, query } from './paths.ts';
import { PODS, podAsked } from './pods.ts';
import type { SessionContext } from './session-context.ts';
import type { Reply } from './transport.ts';

export {};
