/** Every server-rendered page: the styles, and htmx for the parts that refresh themselves. All of it works without. */
import htmx from "htmx.org";
import "../styles/site.css";

// The pages' content policy forbids evaluated and inline code, and nothing is ever asked of another host.
htmx.config.allowEval = false;
htmx.config.allowScriptTags = false;
htmx.config.includeIndicatorStyles = false;
htmx.config.selfRequestsOnly = true;
htmx.config.historyCacheSize = 0; // nobody's page stays in the browser's storage
