/** What people call the things that clauses name: services, addresses, environments, clouds; and their figures of speech. */

/** Ports by the name of the service (IANA's registered ports). */
export const PORTS_OF: { readonly [service: string]: readonly string[] } = {
  ftp: ['20-21', '20', '21'],
  ssh: ['22'],
  sftp: ['22'],
  scp: ['22'],
  'secure shell': ['22'],
  telnet: ['23'],
  smtp: ['25'],
  dns: ['53'],
  tftp: ['69'],
  http: ['80'],
  https: ['443'],
  web: ['80', '443'],
  pop3: ['110'],
  ntp: ['123'],
  rpc: ['135'],
  netbios: ['137-139', '137', '138', '139'],
  imap: ['143'],
  snmp: ['161-162', '161', '162'],
  smb: ['445'],
  cifs: ['445'],
  ldap: ['389'],
  ldaps: ['636'],
  nfs: ['2049'],
  docker: ['2375-2376', '2375', '2376'],
  etcd: ['2379-2380', '2379', '2380'],
  rdp: ['3389'],
  'remote desktop': ['3389'],
  vnc: ['5900', '5900-5903'],
  winrm: ['5985-5986', '5985', '5986'],
  mysql: ['3306'],
  mariadb: ['3306'],
  postgres: ['5432'],
  postgresql: ['5432'],
  mssql: ['1433', '1433-1434'],
  'ms sql': ['1433', '1433-1434'],
  'sql server': ['1433', '1433-1434'],
  oracle: ['1521'],
  cassandra: ['9042'],
  kafka: ['9092'],
  mongodb: ['27017', '27017-27019'],
  mongo: ['27017', '27017-27019'],
  redis: ['6379', '6379-6380'],
  elasticsearch: ['9200', '9300'],
  opensearch: ['9200', '9300'],
  kibana: ['5601'],
  memcached: ['11211'],
  'well-known ports': ['0-1023', '1-1023'],
  'privileged ports': ['0-1023', '1-1023'],
  'all ports': ['0-65535', '1-65535'],
  'any port': ['0-65535', '1-65535'],
};
/** Names that stand for nothing but the service, in a sentence about ports. */
export const SERVICES_ONLY =
  /^(?:ftp|ssh|telnet|smtp|https?|snmp|smb|ldaps?|nfs|rdp|vnc|winrm|mysql|mariadb|postgres(?:ql)?|mssql|mongodb|redis|elasticsearch|opensearch|kibana|memcached|cassandra|secure shell|remote desktop|sql server|ms sql)$/;
/** Addresses by name. */
export const ADDRESSES_OF: readonly (readonly [RegExp, readonly string[]])[] = [
  [/\b(?:private|internal|rfc ?1918)\b/, ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7']],
  [/\b(?:internet|anywhere|everyone|anyone|world|any(?:where)?|public)\b/, ['0.0.0.0/0', '::/0']],
];
/** "Above 1024", "up to 1023": the other end is the end of all there is. */
export const UPWARDS = /\b(?:above|over|greater|higher|upwards?|beyond|and up|or more|onwards?|exceed\w*)\b|[>≥+]/;
export const DOWNWARDS = /\b(?:below|under|lower|less|up to|until|smaller)\b|[<≤]/;

/** Words by which a sentence names a value of a context fact. */
export const NAMES_OF: { readonly [value: string]: RegExp } = {
  production: /\b(?:non-?)?prod(?:uction)?\b|\blive\b/,
  staging: /\bstag(?:e|ing)\b|\bpre-?prod|\buat\b/,
  development: /\bdev(?:elopment|elopers?)?\b/,
  test: /\btest(?:s|ing)?\b|\bqa\b|\buat\b/,
  sandbox: /\bsandbox(?:es)?\b/,
  other: /\bother environments?\b/,
  public: /\bpublic\b/,
  internal: /\binternal\b/,
  confidential: /\bconfidential\b|\bsensitive\b|\bclassified\b|\bpii\b|\bphi\b|\bpersonal(?:ly)?\b|\bcardholder\b/,
  restricted: /\brestricted\b|\bsensitive\b|\bclassified\b|\bpii\b|\bphi\b|\bpersonal(?:ly)?\b|\bcardholder\b/,
  aws: /\baws\b|\bamazon\b|\bs3\b|\brds\b|\bec2\b|\bsagemaker\b|\baurora\b|\bbedrock\b|(?<!network )\bsecurity groups?\b/,
  azure: /\bazure\b|\bmicrosoft\b|\bblobs?\b|\bstorage accounts?\b|\bnsgs?\b|\bnetwork security groups?\b/,
  gcp: /\bgcp\b|\bgoogle\b|\bvertex\b|\bgcs\b|\bcloud sql\b|\bcloudsql\b|\bcloud storage\b|\bvpc firewall/,
  kubernetes: /\bkubernetes\b|\bk8s\b/,
  ci: /\bci\b|\bpipelines?\b|\bworkflows?\b/,
};
/** Where one part of a sentence ends and another begins. */
export const PARTS = /[,;:()]|\.\s|\b(?:and|or|unless|except|but|while)\b/;
export const GEOGRAPHY =
  /\bregions?\b|\beu\b|\beea\b|\beurop|\bus\b|\busa\b|\bunited states\b|\buk\b|\bunited kingdom\b|\bgerman|\bfrance\b|\bswi(?:ss|tz)|\basia|\bcountr|\blocations?\b|\bresiden|\bdomestic|\bjurisdiction/;
/** Words with which a sentence speaks of a fact that may be none, whatever its value. */
export const SPEAKS_OF: { readonly [fact: string]: RegExp } = {
  region: new RegExp(
    `${GEOGRAPHY.source}|\\b(?:regional|global(?:ly)?|multi-?regions?|zones?|geograph\\w*|worldwide)\\b`,
  ),
  environment:
    /\b(?:environments?|envs?|stages?|tiers?|lifecycles?|purpose)\b|\bun(?:tagged|labell?ed|marked|assigned|known)\b/,
  data_classification:
    /\b(?:un|mis)?classif\w*|\bdata[- ]class(?:es)?\b|\bsensitiv\w*|\bconfidentiality\b|\bun(?:tagged|labell?ed|marked|known)\b/,
  owner:
    /\b(?:co-?|un|dis)?own(?:s|ed|ers?|ership|erless)\b|\bteams?\b|\bbelong\w*|\banswer(?:s|ing|able)?\b|\brespons\w*|\baccountab\w*|\borphan\w*|\bin charge\b|\b(?:abandon|attribut)\w*|\b(?:squad|department)s?\b|\b(?:look(?:s|ed)? after|cares? (?:for|of))\b|\b(?:maintain(?:ers?|ed by)|stewards?|custodians?|contacts?)\b|\bun(?:tagged|labell?ed|marked|assigned|claimed|known)\b/,
};
/** Beside a value, room for none: "unless in X", "not in X", "only in X" leave it out, "tagged as X" may be missing. */
export const leavesRoom = (name: RegExp, text: string): boolean =>
  name.test(text) &&
  (/\b(?:unless|except\w*|excluding|other than|apart from|save for|outside|beyond|but|only|alone|solely|else|elsewhere|others?|rest|remaining|lower|whether|either|(?:un)?(?:tagged|labell?ed|marked|assigned|declared))\b|\bnon-?\p{L}/u.test(
    text,
  ) ||
    new RegExp(String.raw`(?:\bnot\b|n't)[^.;,]{0,40}(?:${name.source})`, 'u').test(text));
/** Words that can mean nothing but a value of a context fact. */
export const NAMES_ONLY: { readonly [value: string]: RegExp } = {
  production: /(?<!\bpre[- ]?)\bproduction\b/g,
  staging: /\bstaging\b/g,
  development: /\bdevelopment\b/g,
  test: /\bin (?:the )?test\b|\btest environments?\b/g,
  sandbox: /\bsandbox(?:es)?\b/g,
  confidential: /\bconfidential\b/g,
  restricted: /\b(?:as|or|and|with|holds?) restricted\b(?! to\b)|\brestricted data\b/g,
  aws: /\b(?:on|in) aws\b(?! kms)/g,
  azure: /\b(?:on|in) azure\b(?! key)/g,
  gcp: /\b(?:on|in) gcp\b(?! kms)/g,
};
/** Before or after a name: the rule holds there as anywhere. */
const WHEREVER_BEFORE =
  /\b(?:not even|even|includ(?:ing|es?)|inclusive of|regardless|irrespective|no matter|whether|independent(?:ly)? of|be it)\b[^.;]{0,48}$|\bprod(?:uction)? (?:and|or|as well as) non-?\s?$|\bnon-?prod(?:uction)? (?:and|or|as well as) $/;
const WHEREVER_AFTER =
  /^[^.;,]{0,24}\b(?:or not|or otherwise|and non-?prod\w*|or non-?prod\w*|and elsewhere|or elsewhere)\b/;
/** Whether each place in the text that names the value says no more than that the rule holds there too. */
export const isNamedAsWell = (text: string, name: RegExp): boolean =>
  [...text.matchAll(name)].every(
    (m) => WHEREVER_BEFORE.test(text.slice(0, m.index)) || WHEREVER_AFTER.test(text.slice(m.index + m[0].length)),
  );

export const NEGATION =
  /\b(?:not|never|no|none|nobody|nothing|neither|nor|cannot|without|forbidden|prohibited|violat(?:es?|ions?|ing)|disallow(?:ed)?|deny|denied|\w+n't)\b/g;
/** Words that turn a negation round again: "no … unencrypted", "never … off". */
export const LACK =
  /\b(?:un(?!less|til|der|ique|ion|it)\w+|disabl(?:ed?|es|ing)|off|lacks?|lacking|missing|skip(?:s|ped)?|bypass(?:es|ed)?|suspend(?:ed|s)?|stop(?:s|ped)?|turned off|absent|fails?|plain-?text|cleartext|insecure|non-?\w+)\b/g;
export const EXCEPTION = /\b(?:unless|except(?:ing|ion|ions)?|excluding|other than|apart from|but not|save for)\b/g;
/** Figures of speech that neither negate nor except. */
const NO_NEGATION =
  /^[^.;]*?, (?:so|hence|therefore|thus) (?!that)|\bno matter\b|\bwith(?:out|\s+no) (?:any )?(?:exceptions?|fail|delay|question)\b|\bno (?:exceptions?|excuses?|ifs|buts)\b|\bexceptions? (?:are|is) not\b|\bthere (?:are|is|shall be|must be) no exceptions?\b|\bno (?:less|fewer|later|earlier|more) than\b|\bnot (?:only|just|even|optional|negotiable|limited to)\b|\b(?:don't|do not|never|not) forget\b|\b(?:any )?exceptions? (?:have|has|must|need|needs|require|requires|may only|shall|should|to this)\b|\bwhether or not\b|\bor not\b|\bnot to mention\b|\bnon-?negotiable\b|\bnon-?prod\w*/g;
export const plainly = (text: string): string => text.replaceAll(NO_NEGATION, ' ');
/** After an exception: who may all the same. Who was given access is no part of any configuration that the facts say. */
export const WHO =
  /^\s+(?:(?:for|by|to|from|the|our|its|an?|any|all)\s+){0,2}(?:(?:explicitly|specifically|properly|duly)\s+)?(?:authori[sz]ed|approved|named|authenticated|permitted|trusted|known|allowed|its owners?|owners?|staff|employees?|users?|people|identit\w+|principals?|roles?|those|who|ourselves|us)\b/;
