import { awsStories } from './aws.ts';
import { azureStories } from './azure.ts';
import { gcpStories } from './gcp.ts';
import type { Story } from './story.ts';

/** Every story, three clouds of them. */
export const stories: readonly Story[] = [...awsStories, ...azureStories, ...gcpStories];
