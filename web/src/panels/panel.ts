/** What a panel is: a tab beside the map. Another one (an editor of plans, say) is one file and one line in `main.ts`. */

import type { Catalogue, Layer } from "../catalogue";
import type { Stage } from "../map/stage";
import type { Notices } from "../notices";
import type { Server } from "../server";
import type { Store } from "../state";
import type { Word } from "../words";

/** What every panel may use. */
export interface Desk {
  readonly store: Store;
  readonly server: Server;
  readonly notices: Notices;
  /** null where the browser cannot draw maps. */
  readonly stage: Stage | null;
  /** As it is now: it is replaced when results come or go. */
  readonly catalogue: () => Catalogue;
  /** Go to a feature: it is marked on the map and its card opens. `near`: also when it is to be seen already. */
  readonly visit: (layer: Layer, id: string, near?: boolean) => void;
}

export interface Panel {
  readonly id: string;
  readonly title: Word;
  readonly icon: string;
  /** Draw into `target`; called when the panel is opened and whenever anything that it may show has changed. */
  readonly draw: (target: HTMLElement) => void;
  /** Tables of these collections have been edited. */
  readonly edited?: (collections: readonly string[] | "all") => void;
}
