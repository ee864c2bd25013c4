// What the form of a new role sends, once it says all that the role needs; null until then.

export interface Typed {
  name: string;
  role: string;
  grid: string;
  place: string;
  unit: string;
  room: string;
  until: string;
}

export interface Wanted {
  in_grid: boolean;
  answers_for: string[];
}

export function newRole(typed: Typed, worker: string | null, role: Wanted | undefined) {
  const name = typed.name.trim();
  if (!role || (worker === null && !name)) return null;
  if (role.in_grid && !typed.grid) return null;
  const below = role.answers_for.length > 0;
  if (below && !typed.place) return null;
  const text = (value: string) => value.trim() || null;
  return {
    worker,
    name: worker === null ? name : null,
    role: typed.role,
    grid: role.in_grid ? typed.grid : null,
    place: below ? typed.place : null,
    unit: below ? text(typed.unit) : null,
    room: below ? text(typed.room) : null,
    until: typed.until || null,
  };
}
