const everyInterface: ReadonlySet<string> = new Set(['*', '*4', '!4', '*6', '!6']);

/** Whether a host of the settings stands for every interface, of one family or both, and so names none. */
export const isEveryInterface = (host: string): boolean => everyInterface.has(host);
