// The shapes of /api/v1/desk/sign-in and sessions (server/src/routes/desk_sign_in.rs, desk_sessions.rs).

/** How somebody signs in, as they see it themselves. */
export interface MySignIn {
  passkeys: { id: string; name: string; host: string; since: string; last_used: string | null }[];
  /** since when there is an authenticator app */
  one_time_code: string | null;
  recovery_codes: number;
  demanded: boolean;
  /** the address is one that passkeys can be bound to */
  passkeys_here: boolean;
  fresh: boolean;
}

/** New recovery codes are shown once; null: those there were serve on. */
export interface AddedFactor {
  recovery_codes: string[] | null;
}

/** Where an account is signed in. */
export interface OwnSession {
  id: string;
  since: string;
  last_used: string;
  /** the one that asks */
  current: boolean;
}
