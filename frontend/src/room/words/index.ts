import { createContext, useContext } from "react";
import { en, type Words } from "./en";
import { es } from "./es";

export type { Words };

/** The table for a language tag; English for any other. */
export const wordsFor = (language: string): Words => (language.toLowerCase().startsWith("es") ? es : en);

export const WordsContext = createContext<Words>(en);
export const useWords = () => useContext(WordsContext);
