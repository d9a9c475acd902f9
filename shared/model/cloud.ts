export const CLOUDS = ['aws', 'azure', 'gcp', 'kubernetes', 'ci'] as const;
export type Cloud = (typeof CLOUDS)[number];
