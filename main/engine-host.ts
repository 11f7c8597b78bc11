/** The embedded engine listens here and nowhere else: whoever may write is decided by a token on this machine. */
export const ENGINE_HOST = '127.0.0.1';
