/** Where the models run: on the server that sent this page. `movenet export --format web` writes another choice here. */

export { Link } from "./link.js";
export const PLACE = "server";
