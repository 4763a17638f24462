"""What Brazilian ERPs call the columns of our feeds. The likelier name first; compared without case, accents and marks between words.

Names such as B1_COD are fields of TOTVS Protheus tables, ITEMCODE is SAP Business One's, CODPROD Sankhya's; the rest is common usage.
"""

from __future__ import annotations

import re
import unicodedata

_NAMES = {
    "sku": "SKU COD_SKU CODIGO_SKU CODIGO COD CODPROD COD_PROD COD_PRODUTO CODIGO_PRODUTO CODIGO_DO_PRODUTO PRODUTO COD_ITEM CODIGO_ITEM"
    " CD_PROD CD_ITEM ITEMCODE MATERIAL ID_PRODUTO B1_COD B2_COD DA1_CODPRO D2_COD",
    "product_id": "PRODUCT_ID COD_PAI CODIGO_PAI ID_PAI COD_MODELO CODIGO_MODELO MODELO COD_BASE B1_BASE",
    "product_name": "NOME_PRODUTO DESCRICAO_PRODUTO DESC_PRODUTO DESC_PROD DESCRPROD DESCRICAO DESC DESCR DS_PROD DS_ITEM NOME ITEMNAME"
    " B1_DESC",
    "sku_name": "NOME_SKU DESCRICAO_SKU DESC_SKU",
    "description": "DESCRICAO_COMPLETA DESC_COMPLETA DESCRICAO_LONGA DESCRICAO_DETALHADA COMPLEMENTO CARACTERISTICAS OCORRENCIA"
    " DESC_OCORRENCIA",
    "brand": "MARCA NOME_MARCA DESC_MARCA MRC FABRICANTE FABR FIRMNAME B1_FABRIC",
    "category": "CATEGORIA NOME_CATEGORIA DEPARTAMENTO DESC_GRUPO DESCRGRUPOPROD NOME_GRUPO GRUPO GRUPO_MERCADORIA GRP_MERC GRP DEPTO"
    " FAMILIA SECAO LINHA ITMSGRPNAM BM_DESC"
    " B1_GRUPO",
    "ean": "EAN EAN13 COD_EAN GTIN COD_GTIN CODBARRAS COD_BARRAS CODIGO_BARRAS CODIGO_DE_BARRAS CODEBARS BARRAS B1_CODBAR B1_CODGTIN",
    "ref_id": "REF_ID REFERENCIA REF COD_REFERENCIA REF_FABRICANTE REFFORN",
    "height": "ALTURA ALT ALTURA_CM ALTURA_MM ALTURA_M SHEIGHT1 B5_ALTURA",
    "width": "LARGURA LARG LARGURA_CM LARGURA_MM LARGURA_M SWIDTH1 B5_LARG",
    "length": "COMPRIMENTO COMPR COMP PROFUNDIDADE PROF ESPESSURA COMPRIMENTO_CM COMPRIMENTO_MM COMPRIMENTO_M SLENGTH1 B5_COMPR",
    "weight": "PESO_BRUTO PESOBRUTO PESO_BRT PESO_BR PS_BRUTO PS_BR PESO_BRUTO_KG PESO_BRUTO_G B1_PESBRU PESO PESO_KG PESO_G PESO_GRAMAS"
    " SWEIGHT1 PESO_LIQ PESO_LIQUIDO PESOLIQ B1_PESO",
    "measurement_unit": "UNIDADE UNIDADE_MEDIDA UND UNID UN UM CODVOL SALUNITMSR B1_UM",
    "unit_multiplier": "MULTIPLO MULTIPLICADOR QTD_EMBALAGEM",
    "images": "IMAGENS IMAGEM FOTOS FOTO URL_IMAGEM LINK_IMAGEM",
    "active": "ATIVO SITUACAO SIT STATUS VALIDFOR INATIVO BLOQUEADO FROZENFOR B1_MSBLQL",
    "marketplace": "MARKETPLACE",
    "sales_channel": "CANAL CANAL_VENDA POLITICA_COMERCIAL",
    "price": "PRECO_VENDA PRECO_POR PRECO_DE_VENDA PR_VENDA PRC_VENDA P_VENDA VALOR_VENDA VLR_VENDA VL_VENDA PRCVEN PRECO PRECO_UNITARIO"
    " VLR_UNIT VL_UNIT PR_UNIT VALOR_UNITARIO PRICE VALOR VLR DA1_PRCVEN B1_PRV1 D2_PRCVEN",
    "list_price": "PRECO_DE PRECO_TABELA PR_TABELA PRECO_LISTA PRECO_CHEIO VLR_TABELA VLR_DE VALOR_DE",
    "valid_until": "VALIDADE DT_VALIDADE DATA_VALIDADE VALIDO_ATE DATA_FIM DT_FIM VIGENCIA_FIM DTVIGOR_FIM TODATE DA0_DATATE",
    "quantity": "SALDO_DISPONIVEL QTD_DISPONIVEL ESTOQUE_DISPONIVEL DISPONIVEL SALDO SALDO_DISP SALDO_ATUAL SALDO_ESTOQUE SALDO_EST ESTOQUE"
    " ESTOQUE_ATUAL QTD_ESTOQUE QTD_EST QT_ESTOQUE QT_EST QUANTIDADE QTDE QTD QT EST ONHAND B2_QATU D2_QUANT",
    "warehouse": "DEPOSITO COD_DEPOSITO ARMAZEM ALMOXARIFADO LOCAL CODLOCAL COD_LOCAL WHSCODE FILIAL B2_LOCAL",
    "type": "TIPO TIPO_NOTA TIPO_SERVICO",
    "id": "ID_SERVICO COD_SERVICO CODIGO_SERVICO",
    "name": "NOME_SERVICO DESC_SERVICO NOME",
    "order_id": "PEDIDO NUM_PEDIDO NUMERO_PEDIDO NRO_PEDIDO PEDIDO_VTEX PEDIDO_MARKETPLACE NUMPED COD_PEDIDO NUMATCARD C5_NUM D2_PEDIDO",
    "invoice_number": "NOTA_FISCAL NUM_NOTA NUMNOTA NUMERO_NOTA NUM_NF NUMERO_NF NRO_NF NFE NF NOTA SERIAL F2_DOC D2_DOC",
    "issuance_date": "DATA_EMISSAO DT_EMISSAO DTEMISSAO EMISSAO DTNEG DOCDATE F2_EMISSAO D2_EMISSAO",
    "invoice_value": "VALOR_NOTA VLR_NOTA VLRNOTA VALOR_NF VLR_NF VALOR_TOTAL VLR_TOTAL TOTAL DOCTOTAL VALOR F2_VALBRUT",
    "invoice_key": "CHAVE_NFE CHAVENFE CHAVE_ACESSO CHAVE F2_CHVNFE",
    "courier": "TRANSPORTADORA NOME_TRANSPORTADORA TRANSP A4_NOME",
    "tracking_number": "CODIGO_RASTREIO COD_RASTREIO RASTREIO RASTREAMENTO OBJETO",
    "tracking_url": "URL_RASTREIO LINK_RASTREIO",
    "dispatched_date": "DATA_EXPEDICAO DT_EXPEDICAO DATA_DESPACHO DT_DESPACHO DATA_SAIDA DT_SAIDA",
    "event_date": "DATA_EVENTO DT_EVENTO DATA_OCORRENCIA DT_OCORRENCIA",
    "city": "CIDADE MUNICIPIO",
    "state": "UF ESTADO",
    "delivered": "ENTREGUE",
    "reason": "MOTIVO MOTIVO_CANCELAMENTO JUSTIFICATIVA",
    "return_invoice_number": "NF_DEVOLUCAO NOTA_DEVOLUCAO",
    "return_issuance_date": "DATA_DEVOLUCAO DT_DEVOLUCAO",
    "status": "STATUS SITUACAO",
    "erp_order_id": "PEDIDO_ERP COD_PEDIDO_ERP NUNOTA",
    "message": "MENSAGEM OBSERVACAO OBS",
    "ZipCodeStart": "CEP_INICIAL CEP_INICIO CEP_INI CEP_DE",
    "ZipCodeEnd": "CEP_FINAL CEP_FIM CEP_ATE",
    "WeightStart": "PESO_INICIAL PESO_INI PESO_DE",
    "WeightEnd": "PESO_FINAL PESO_FIM PESO_ATE",
    "AbsoluteMoneyCost": "VALOR_FRETE VLR_FRETE FRETE CUSTO VALOR",
    "TimeCost": "PRAZO PRAZO_ENTREGA PRAZO_DIAS DIAS",
    "MaxVolume": "VOLUME_MAXIMO",
    "PolygonName": "POLIGONO",
    "Country": "PAIS",
}
_SHORTENED = {
    "BARRAS": "BAR BARRA",
    "BRUTO": "BR BRT BTO",
    "CATEGORIA": "CAT CATEG",
    "CODIGO": "CD COD",
    "DATA": "DT",
    "DESCRICAO": "DS DSC DESC DESCR",
    "DISPONIVEL": "DISP",
    "ESTOQUE": "EST ESTQ",
    "FABRICANTE": "FAB FABR",
    "LIQUIDO": "LIQ",
    "NOME": "NM",
    "NUMERO": "NR NRO NUM",
    "PEDIDO": "PED",
    "PESO": "PS",
    "PRECO": "PR PRC PREC",
    "PRODUTO": "PRO PROD PRD",
    "QUANTIDADE": "QT QTD QTDE QUANT",
    "REFERENCIA": "REF",
    "SALDO": "SLD",
    "TABELA": "TAB",
    "UNITARIO": "UNI UNIT",
    "VALOR": "VAL VL VLR",
    "VENDA": "VD VDA VEN VND",
}
"""A word of such names, and how it is shortened: PRC_VDA is a PRECO_VENDA."""
_COUNTED_IN = {
    **dict.fromkeys(("height", "width", "length"), frozenset({"MM", "CM", "M"})),
    "weight": frozenset({"KG", "G", "GR", "GRAMAS"}),
}
"""Words at the end of a name that say in what its column is counted, and not what it is: ALT_CM is an ALT."""
TURNED_ROUND = frozenset({"INATIVO", "BLOQUEADO", "FROZENFOR", "B1_MSBLQL"})
"""Columns that say yes where ours says no."""


def plain(name: str) -> str:
    """Write a column's name in capitals without accents, one underline between words: "Preço  de Venda" is PRECO_DE_VENDA."""
    letters = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Z0-9]+", "_", letters.upper()).strip("_")


def _squeezed(name: str) -> str:
    return plain(name).replace("_", "")


_WHOLE = {short: word for word, shorts in _SHORTENED.items() for short in shorts.split()}


def _written_out(name: str) -> str:
    return "".join(_WHOLE.get(word, word) for word in plain(name).split("_"))


def _ranks(words: str) -> dict[str, int]:
    """Rank the names as they stand, and with their shortened words written out; of two ranks a name has the better one."""
    ranked = list(enumerate(words.split()))[::-1]
    return {_written_out(name): rank for rank, name in ranked} | {_squeezed(name): rank for rank, name in ranked}


_RANKS = {ours: _ranks(words) for ours, words in _NAMES.items()}


def rank(ours: str, theirs: str) -> int | None:
    """Say how likely a column of theirs is ours (0 most of all); None where it is not known to be."""
    found = _rank(ours, theirs)
    name, _, last = plain(theirs).rpartition("_")
    return _rank(ours, name) if found is None and last in _COUNTED_IN.get(ours, ()) else found


def _rank(ours: str, theirs: str) -> int | None:
    ranks = _RANKS.get(ours, {})
    return ranks.get(_squeezed(theirs), ranks.get(_written_out(theirs)))
