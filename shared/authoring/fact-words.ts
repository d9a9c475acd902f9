import { PARTS } from './vocabulary.ts';

/**
 * What people call the facts, so that a sentence and the clauses beside it can be held against each other: two models (or
 * a model and a person) may take the same wrong fact, and every gate on the clauses alone would pass it. A part of a
 * sentence that *names* a fact is about that fact, or about one that it may *mean*.
 */
export interface FactWords {
  /** Words that name this fact and no other of its kind. */
  readonly names: RegExp;
  /** Words with which a sentence may well mean this fact. */
  readonly means: RegExp;
}

const encryption: FactWords = {
  names:
    /\bencrypt\w*|\bciphertext\b|\bat[- ]rest\b|\bkms\b|\bcmks?\b|\bcmek\b|\bbyok\b|\bcustomer[- ](?:managed|controlled|owned|supplied)\b/,
  // What is encrypted on its way is another matter.
  means:
    /^(?!.*\b(?:in (?:transit|flight|motion)|on the wire)\b(?!.*\bat rest\b)).*(?:encrypt|cipher|\bkeys?\b|protect)/,
};
const tls: FactWords = {
  names: /\btls\b|\bssl\b|\bhttps(?: only)?\b|\bin[- ](?:transit|flight|motion)\b|\bon the wire\b|\bsecure transport\b/,
  // What lies still, or is under a key, is another matter.
  means:
    /^(?!.*\b(?:at[- ]rest|keys?|disks?|storage encryption)\b(?!.*\btransit\b)).*encrypt|\bhttp\b|\btransport|\btransfer|\bconnect|\bplain|\bclear|\bsecure|\btraffic|\bprotocol/,
};

/** By kind, then by fact or, of a list of records, by field. A kind that is not here is not looked at. */
export const FACT_WORDS: { readonly [kind: string]: { readonly [fact: string]: FactWords } } = {
  object_store: {
    public_read: {
      names: /(?:\bpublic )?\bread(?:s|ers?|able|ing)?\b|\bdownload\w*|\b\w*-?readable\b/,
      means:
        /^(?!.*(?:\bwrit|\bupload|\bmodif)).*(?:public|anonym|open|expos|access|stranger|world|internet)|\bsee\b|\bfetch|\blist\b|\bleak|\bserve|\bprivate|\bconfidential\b|\bread-only/,
    },
    public_write: {
      names: /(?:\bpublic )?\bwrit(?:e|es|ers?|ten|able|ing)\b|\bupload\w*|\b\w*-?writ(?:e|a)able\b/,
      means:
        /^(?!.*(?:\bread|\bdownload|\blist\b)).*(?:public|anonym|open|expos|access|stranger|world|internet)|\bchange|\bmodif|\bdelet|\btamper|\balter|\bprivate|\bread-only/,
    },
    public_access_blocked: {
      names: /\bblock(?:s|ed|ing)?\b.{0,16}\bpublic\b|\bpublic\b.{0,10}\b(?:access )?(?:block\w*|prevention)\b/,
      means:
        /\bblock|\bprevent|\bimpossible|\bswitch|\benforc|\bpublic|\baccess|\bwhatever|\bcannot\b.*\bmade\b|\bprivate/,
    },
    encryption,
    tls_only: tls,
    versioned: {
      names: /\bversion(?:ed|ing)\b|\b(?:old|older|earlier|previous|prior) versions\b|\bundelet\w*/,
      means: /\bversion|\brecover|\brestor|\boverwr|\bdelet|\bhistor|\bold\b|\bback|\bundo|\bransom|\blost\b|\bloss\b/,
    },
    access_logged: {
      names:
        /\b(?:is|are|be|been|being|gets?|get) logged\b|\baccess logs?\b|\baccess[- ]logging\b|\blog(?:s|ging)? (?:all |every |their |each )?(?:access|reads?|requests?)\b/,
      means: /\blog|\brecord|\btrace|\baudit|\bwho\b|\bwritten down|\bkeeps? track/,
    },
  },
  sql_database: {
    public_endpoint: {
      names:
        /\bpublicly (?:reach|access|expos|avail|rout)\w*|\bpublic (?:endpoint|address|ip|internet|network|access)\w*|\b(?:from|to|on|over) the (?:public )?internet\b|\binternet[- ](?:facing|reachable|exposed|accessible)\b/,
      means:
        /public|private|expos|reach|\bopen|network|internet|address|outside|endpoint|accessible|\bworld|\banyone|\bstranger|\bip\b/,
    },
    encryption,
    tls_required: tls,
    backup_retention_days: {
      names: /\bback(?:ed)?[- ]?ups?\b|\bpoint-in-time\b/,
      means:
        /\bretain|\bretention|\bkept\b|\bkeeps?\b|\brecover|\brestor|\bsnapshot|\bdays?\b|\bweeks?\b|\bmonths?\b|\byears?\b/,
    },
    deletion_protected: {
      names:
        /\bdeletion[- ]protect\w*|\bdelete[- ](?:lock|protect)\w*|\bprotect\w* (?:from|against) (?:\w+ )?(?:deletion|being deleted|removal)\b|\bbe (?:deleted|dropped)\b/,
      means: /\bdelet|\bremov|\bdrop|\bdestr|\bprotect|\block/,
    },
  },
  model_endpoint: {
    public_network: {
      names:
        /\bpublic(?:ly)? (?:network|internet|reach|access|call|endpoint|avail|expos)\w*|\b(?:from|to|on|over) the (?:public )?internet\b/,
      means: /public|private|network|reach|expos|outside|\bopen\b|internet|\banyone|\bworld/,
    },
    static_keys: {
      names: /\b(?:api|static|shared|long-lived|account) keys?\b|\blocal auth\w*|\bkey[- ]based\b|\bkeyless\w*/,
      means: /\bkey|identit|authenti|credential|token|password|secret|\bentra\b|\biam\b/,
    },
    encryption,
    invocations_logged: {
      names: /\b(?:is|are|be|been|being) (?:logged|recorded|audited)\b|\b(?:invocation|call|request|audit)[- ]log\w*/,
      means: /\blog|\brecord|\baudit|\btrace|\bwho\b|\bcall|\binvo|\bwritten down|\bkeeps? track/,
    },
  },
};

/** What follows "public" in "public access data": then it is no part of the name before it. */
const OF_DATA = String.raw`(?! (?:data|information|contents?|classification)\b)`;
const NAMES_OF_FACTS = Object.values(FACT_WORDS)
  .flatMap((facts) => Object.values(facts))
  .map(({ names, means }) => ({ names: new RegExp(`(?:${names.source})${OF_DATA}`, 'gu'), means }));
/** What stands between parts is kept. */
const WITH_PARTS = new RegExp(`(${PARTS.source})`);
/** "By the public", "the public can": people, and not what they are shown. */
const PEOPLE =
  /\bthe (?:general )?public(?=\s*(?:$|[^\p{L}\s])| (?:and|or|nor|to|from|in|on|at|via|through|can(?:not)?|may|must|should|shall|is|has|lists?|reads?|writes?)\b)/gu;

/**
 * The text without the words that stand in it as part of the name of a fact: the public of "public endpoint" says nothing
 * of how sensitive the data is. Words in the midst of a name are of it where they may mean the fact ("from the public
 * internet", and not "blocked in staging for the public").
 */
export const withoutFactNames = (text: string): string =>
  text
    .split(WITH_PARTS)
    .map((part) =>
      NAMES_OF_FACTS.reduce(
        (left, { names, means }) =>
          left.replaceAll(names, (name) =>
            name
              .split(' ')
              .map((word, i, { length }) => (i === 0 || i === length - 1 || means.test(word) ? '_' : word))
              .join(' '),
          ),
        part.replaceAll(PEOPLE, '_'),
      ),
    )
    .join('');
