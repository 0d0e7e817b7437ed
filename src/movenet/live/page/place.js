/**
 * Where the models can run, and the link to each place; the first is the default. Pages without a server get another
 * list from Python (`movenet.live.site`).
 */

import { Link } from "./link.js";
import { LocalLink } from "./local.js";

export const PLACES = { server: Link, browser: LocalLink };
