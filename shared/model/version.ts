/** The version of this build, as in package.json; what Edict publishes says it. */
export const VERSION = '0.1.0';
