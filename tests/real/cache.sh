# shellcheck shell=bash
# To be sourced: where the programs of the real-system bed are kept.
#
# Everything lives outside the checkout, in parts. A part's folder is named by a hash of all that decides its content,
# so a changed recipe or version makes a new folder and never touches one that another checkout uses:
#   kube etcd kwok   programs built from Go modules          crds     definitions out of the controllers' modules
#   prometheus       the unpacked Debian package             prism    GitHub's description, cut, and its judge
#   argo flagger traefik   delivery controllers, built from Go modules        crds-more   what they need besides

real_here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
real_cache=${GONOGO_REAL_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/gonogo/real}
# shellcheck disable=SC2034 # used by those who source this
real_parts='kube etcd kwok crds prometheus prism'
# shellcheck disable=SC2034 # what a bed with delivery controllers needs besides
real_delivery='crds-more argo flagger traefik'

# part_recipe PART: prints the script that makes it, then its other inputs, relative to parts/
part_recipe() {
  case $1 in
    kube | etcd | kwok) echo go.sh && (cd "$real_here/parts" && ls "go/$1"/*) ;;
    argo | flagger | traefik) echo tool.sh && echo "tool/$1" ;;
    crds*) echo crds.sh ;;
    prism) echo prism.sh && (cd "$real_here/parts" && ls prism/*) ;;
    *) echo "$1.sh" ;;
  esac
}

# part_dir PART: prints the folder of a part, there or not
part_dir() {
  local key
  key=$(
    cd "$real_here/parts" && {
      part_recipe "$1" | xargs sha256sum
      case $1 in kube | etcd | kwok | argo | flagger | traefik) go version 2>/dev/null || echo 'no go' ;; *) uname -m ;; esac
    } | sha256sum
  )
  printf '%s/%s-%s\n' "$real_cache" "$1" "${key:0:16}"
}
