/** Who we are, for the kernel: the extension's version, and the protocol of its messages. */
export const VERSION = '0.1.0';

/** Counts the changes that an older kernel side would not survive; the same number as in `spinlab.commands.greeting`. */
export const PROTOCOL = 1;
